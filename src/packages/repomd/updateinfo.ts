// SPDX-License-Identifier: Apache-2.0
/** updateinfo.xml: advisories, with the packages that each brought. */
import type { ByteSource } from "../../base/index.ts";
import { parseXml, type XmlAttributes, type XmlHandler } from "../../formats/index.ts";
import { formatEvr } from "../rpm/version.ts";

export interface AdvisoryReference {
  /** `cve`, `bugzilla`, `self`, ... */
  readonly type: string;
  readonly id: string;
  readonly url: string;
  readonly title: string;
}

export interface Advisory {
  readonly id: string;
  /** `security`, `bugfix`, `enhancement`, `newpackage`. */
  readonly type: string;
  readonly severity: string;
  readonly title: string;
  /** As it is written: `2024-05-01 12:00:00`, or seconds since 1970. */
  readonly issued: string;
  /** NAME-[EPOCH:]VERSION-RELEASE.ARCH */
  readonly packages: readonly string[];
  readonly references: readonly AdvisoryReference[];
  readonly rebootSuggested: boolean;
}

export function parseUpdateinfo(source: ByteSource, what: string): Advisory[] {
  const reader = new UpdateinfoReader();
  parseXml(source, reader, what);
  return reader.advisories;
}

interface Draft {
  id: string;
  type: string;
  severity: string;
  title: string;
  issued: string;
  packages: string[];
  references: AdvisoryReference[];
  rebootSuggested: boolean;
}

class UpdateinfoReader implements XmlHandler {
  readonly advisories: Advisory[] = [];
  #draft: Draft | undefined;

  start(name: string, attributes: XmlAttributes): void {
    const text = (key: string) => attributes.get(key) ?? "";
    if (name === "update") {
      const base = { id: "", severity: "", title: "", issued: "" };
      this.#draft = { ...base, type: text("type"), packages: [], references: [], rebootSuggested: false };
      return;
    }
    const draft = this.#draft;
    if (draft === undefined) return;
    if (name === "issued") draft.issued = text("date");
    else if (name === "reference") {
      draft.references.push({ type: text("type"), id: text("id"), url: text("href"), title: text("title") });
    } else if (name === "package") {
      const evr = { epoch: Number(text("epoch")) || 0, version: text("version"), release: text("release") };
      draft.packages.push(`${text("name")}-${formatEvr(evr)}.${text("arch")}`);
    } else if (name === "reboot_suggested") draft.rebootSuggested = true;
  }

  end(name: string, text: string): void {
    const draft = this.#draft;
    if (draft === undefined) return;
    if (name === "id" && draft.id === "") draft.id = text.trim();
    else if (name === "title") draft.title = text.trim();
    else if (name === "severity") draft.severity = text.trim();
    else if (name === "update") {
      this.advisories.push(draft);
      this.#draft = undefined;
    }
  }
}
