# SPDX-License-Identifier: Apache-2.0
"""Counts its visitors in the database that it finds at $DB_HOST:$DB_PORT."""
import os
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2


def visit():
    with open("/run/secrets/db-password") as file:
        password = file.read().strip()
    connection = psycopg2.connect(
        host=os.environ["DB_HOST"], port=os.environ["DB_PORT"], user="postgres", password=password, connect_timeout=5
    )
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(1)")
            cursor.execute("CREATE TABLE IF NOT EXISTS visits (at timestamptz DEFAULT now())")
            cursor.execute("INSERT INTO visits DEFAULT VALUES")
            cursor.execute("SELECT count(*) FROM visits")
            return cursor.fetchone()[0]
    finally:
        connection.close()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        # The health check looks no further than this process, so that the database's trouble is told as the database's.
        if self.path == "/healthy":
            self.answer(200, "healthy\n")
            return
        try:
            self.answer(200, f"You are visitor {visit()}.\n")
        except psycopg2.Error as error:
            self.log_error("%s", error)
            self.answer(503, "The database does not answer.\n")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_request(self, code="-", size="-"):
        pass


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
ThreadingHTTPServer(("", 8000), Handler).serve_forever()
