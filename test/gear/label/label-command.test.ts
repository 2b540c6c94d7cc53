// SPDX-License-Identifier: Apache-2.0
/** Labels as they are found in images, and as somebody hostile would write them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  findLabel,
  gearError,
  labelCommand,
  type LabelSubject,
  nameOfImage,
  permissionLines,
} from "../../../src/gear/index.ts";

const subject: LabelSubject = {
  image: "registry.example.org/tools:7",
  id: `sha256:${"7".repeat(64)}`,
  name: "tools",
  engine: "podman",
  options: [],
  user: { uid: "1000", gid: "1001" },
  directory: "/root",
  terminal: true,
};

/** What is run: its id, as it is written. */
const id = "7".repeat(64);

const run = (text: string, given: Partial<LabelSubject> = {}) =>
  labelCommand({ verb: "RUN", labels: new Map([["RUN", text]]) }, { ...subject, ...given })!;
const command = (text: string, given: Partial<LabelSubject> = {}) => run(text, given).command.join("|");
const asked = (text: string) => run(text).asked.map(({ permission }) => permission);
const refused = (text: string, why: RegExp) =>
  assert.throws(
    () => run(text),
    (error) => {
      assert.ok(gearError.is(error, "bad-label"));
      assert.match((error as Error).message, why);
      return true;
    },
    text,
  );

test("the label of Red Hat's support tools, word for word", () => {
  const text =
    "docker run -it --name NAME --privileged --ipc=host --net=host --pid=host -e HOST=/host -e NAME=NAME -e IMAGE=IMAGE " +
    "-v /run:/run -v /var/log:/var/log -v /etc/localtime:/etc/localtime -v /:/host IMAGE";
  const { command: words, asked: wanted } = run(text);
  assert.deepEqual(words, [
    "podman",
    "run",
    "--pull=never",
    "--interactive",
    "--tty",
    "--name=tools",
    "--privileged",
    "--ipc=host",
    "--net=host",
    "--pid=host",
    "--env=HOST=/host",
    "--env=NAME=tools",
    "--env=IMAGE=registry.example.org/tools:7",
    "--volume=/run:/run",
    "--volume=/var/log:/var/log",
    "--volume=/etc/localtime:/etc/localtime",
    "--volume=/:/host",
    id,
  ]);
  assert.deepEqual(
    wanted.map(({ permission, what }) => `${permission}: ${what}`),
    [
      "privileged: every capability and device, without SELinux, AppArmor and seccomp: as root of the host",
      "host-namespaces: the message queues and shared memory of the host",
      "host-namespaces: the network of the host",
      "host-namespaces: the processes of the host",
      "mounts: /run of the host at /run, writable",
      "mounts: /var/log of the host at /var/log, writable",
      "mounts: /etc/localtime of the host at /etc/localtime, writable",
      "host-root: all files of the host at /host, writable",
    ],
  );
});

test("variables stand for what atomic-run(1) says, in each way of writing them", () => {
  assert.equal(
    command('podman run ${OPT1} -v ${CONFDIR}:/c -v $LOGDIR:/l -v "${DATADIR}:/d" ${IMAGE} ${OPT3} x', {
      options: ["--memory 1g  -e A=b", "", "--deep"],
    }),
    "podman|run|--pull=never|--memory=1g|--env=A=b|--volume=/etc/tools:/c|--volume=/var/log/tools:/l|" +
      `--volume=/var/lib/tools:/d|${id}|--deep|x`,
  );
  assert.match(
    command("docker run -e U=${SUDO_UID} -e G=$SUDO_GID -v ${PWD}/x:/x IMAGE"),
    /U=1000\|--env=G=1001\|--volume=\/root\/x/,
  );
  assert.equal(
    command('podman run IMAGE \'${NAME}\' "${OPT1}" a\\ b 5$ "a\'b"').split("|").slice(-5).join("|"),
    "${NAME}||a b|5$|a'b",
  );
});

test("docker is called where that is the engine; a terminal only where there is one", () => {
  const given = { engine: "docker", terminal: false } as const;
  assert.equal(
    command("/usr/bin/podman run -ti -d IMAGE", given),
    `docker|run|--pull=never|--interactive|--detach|${id}`,
  );
});

test("what only a shell would know is refused, wherever it stands", () => {
  for (const text of [
    "docker run IMAGE; rm -rf /",
    "docker run IMAGE && reboot",
    "docker run IMAGE | sh",
    "docker run IMAGE > /etc/passwd",
    "docker run -e A=`id` IMAGE",
    'docker run -e "A=`id`" IMAGE',
    "docker run -e A=$(id) IMAGE",
    'docker run -e "A=$(id)" IMAGE',
    "docker run -e A=${HOME:-x} IMAGE",
    "docker run 'IMAGE",
    "docker run IMAGE\nreboot",
    "docker run IMAGE \u001b[2K",
    "docker run -v /:/x IMAGE \u202e",
  ])
    refused(text, /only a shell|does not end|only \$\{NAME\}|control characters/);
  assert.equal(command("docker run IMAGE * ? ~ # ! {a,b} [x]").split("|").slice(4).join(" "), "* ? ~ # ! {a,b} [x]");
});

test("no other program, image, container or environment than its own", () => {
  refused("sh -c true", /not the container engine/);
  refused("/tmp/docker run IMAGE", /not the container engine/);
  refused("PATH=/tmp docker run IMAGE", /not the container engine/);
  refused("docker --host tcp://x run IMAGE", /none of the engine's commands/);
  refused("podman unshare sh", /none of the engine's commands/);
  refused("docker cp IMAGE:/x /etc/x", /none of the engine's commands/);
  refused("docker run other.example.org/evil", /not the image that it is of/);
  refused("docker run", /names no image/);
  refused("docker rm -f shop-db", /its own is tools/);
  refused("docker stop tools shop-db", /its own is tools/);
  for (const option of ["--name shop-db", "--name=NAME-2", "--name tools --name shop-db"])
    refused(`docker run ${option} IMAGE`, /calls its container ".*"; its own name is tools/);
  refused("docker run -e HOME IMAGE", /variable of your environment/);
  refused("docker run -e A=${SECRET_TOKEN} IMAGE", /variable SECRET_TOKEN/);
  for (const option of ["--env-file=/etc/shadow", "--cidfile=/etc/x", "--runtime=/x", "--hooks-dir=/x", "--pidfile=/x"])
    refused(`podman run ${option} IMAGE`, /not among what a label may ask for/);
  for (const option of [
    // Docker's keys are the same in capital letters; a volume without a name may be a directory of the host.
    "--mount TYPE=bind,SOURCE=/,target=/e",
    "--mount type=volume,dst=/e,volume-opt=device=/,volume-opt=o=bind",
    "--mount type=bind,src=/srv,src=/,dst=/e",
    "--mount type=glob,src=/*,dst=/e",
    "-v x:/e:O,upperdir=/etc,workdir=/w",
    "-v /usr:/e:ro,U",
  ])
    refused(`docker run ${option} IMAGE`, /not among what a label may ask for/);
  for (const option of ["--log-opt=path=/etc/x", "--annotation=a=b", "--env-host", "--rootfs", "--replace", "-x"])
    refused(`podman run ${option} IMAGE`, /not among what a label may ask for/);
});

test("each way to ask for privileges is seen", () => {
  assert.deepEqual(asked("docker run -d -p 80:80 --rm -v /data --tmpfs /tmp --cap-drop ALL IMAGE --privileged"), []);
  assert.deepEqual(asked("docker run --privileged=false IMAGE"), []);
  for (const [text, permission] of [
    ["--privileged=true", "privileged"],
    ["-v=/:/host", "host-root"],
    ["-v/..//.:/host:ro", "host-root"],
    ["-itv /etc:/e", "mounts"],
    ["--mount type=bind,src=/etc,dst=/e", "mounts"],
    ["--mount 'type=bind,\"source=/\",target=/e'", "host-root"],
    ["--mount src=shop.db,dst=/e", "mounts"],
    ["-v shop.db:/e", "mounts"],
    ["-v /etc/..:/e", "host-root"],
    ["-v ../..:/e", "host-root"],
    ["-v /sysroot:/e", "host-root"],
    ["-v /proc/1/root:/e", "host-root"],
    ["--mount type=bind,src=/x=/..,dst=/e", "host-root"],
    ["--volumes-from shop-db", "mounts"],
    ["--network=container:shop-db", "host-namespaces"],
    ["--net shop", "host-namespaces"],
    ["--userns=host", "host-namespaces"],
    ["--cap-add=sys_admin", "capabilities"],
    ["--device /dev/sda", "devices"],
    ["--security-opt label=disable", "confinement"],
    ["--security-opt=seccomp=unconfined", "confinement"],
    ["--sysctl net.ipv4.ip_forward=1", "confinement"],
    ["-u0:0", "root"],
    ["--user root", "root"],
    ["--secret token", "secrets"],
  ] as const)
    assert.deepEqual(asked(`docker run ${text} IMAGE`), [permission], text);
});

test("what is asked for is told in one line, and hides nothing of the lines before", () => {
  const what = "/x\u001b[1A\u001b[2K\n of the host\u202e";
  assert.deepEqual(permissionLines([{ permission: "mounts", what }]), [
    "mounts: /x\u{fffd}[1A\u{fffd}[2K\u{fffd} of the host\u{fffd}",
  ]);
});

test("labels are found as they were always written; names are made of the image's", () => {
  for (const name of ["RUN", "run", "Run"]) assert.equal(findLabel(new Map([[name, "x"]]), "RUN"), "x");
  assert.equal(findLabel(new Map([["INSTALL", "  "]]), "INSTALL"), undefined);
  assert.equal(nameOfImage("localhost:5000/team/My_Tools:7@sha256:00"), "my-tools");
  assert.deepEqual(labelCommand({ verb: "RUN", labels: new Map([["atomic.run", "once"]]) }, subject)?.command, [
    "podman",
    "run",
    "--pull=never",
    "--interactive",
    "--tty",
    "--rm",
    "--name=tools",
    id,
  ]);
  assert.equal(labelCommand({ verb: "INSTALL", labels: new Map() }, subject), undefined);
  assert.equal(labelCommand({ verb: "STOP", labels: new Map() }, subject)?.command.join(" "), "podman stop tools");
});
