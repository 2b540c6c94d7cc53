// SPDX-License-Identifier: Apache-2.0
/** Quadlet files that have each key of each kind, by path below a directory. */
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export const samples: Readonly<Record<string, string>> = {
  "web.container": `# A comment of the head
[Unit]
Description=The web server
After=cache.container data.volume time-sync.target
Wants=other.service

[Container]
Image=docker.io/library/nginx:1.27
ContainerName=web
AddCapability=NET_ADMIN \\
  SYS_TIME
AddDevice=/dev/null:/dev/zero:rw
AddDevice=-/dev/is-not-there
AddHost=db:10.0.0.1
Annotation=org.example/a=1 "org.example/b=two words"
AppArmor=unconfined
AutoUpdate=registry
CgroupsMode=no-conmon
ContainersConfModule=/etc/containers/m.conf
DNS=1.1.1.1
DNS=8.8.8.8
DNSOption=ndots:1
DNSSearch=example.org
DropCapability=ALL
Entrypoint=/entry
Environment=A=1 "B=two words" 'C="q"' D=$HOME
Environment=PERCENT=50%%
EnvironmentFile=./web.env
EnvironmentFile=/etc/web.env
EnvironmentHost=no
Exec=serve --flag "an arg" 'it''s' \\"x\\" ; %t \\x41
ExposeHostPort=9000-9001/udp
GlobalArgs=--log-level=debug
GroupAdd=keep-groups
HealthCmd=/bin/sh -c "curl -f localhost"
HealthInterval=1m
HealthLogDestination=/run
HealthMaxLogCount=3
HealthMaxLogSize=100
HealthOnFailure=kill
HealthRetries=2
HealthStartPeriod=5s
HealthStartupCmd=true
HealthStartupInterval=2s
HealthStartupRetries=4
HealthStartupSuccess=1
HealthStartupTimeout=3s
HealthTimeout=4s
HostName=web.example.org
HttpProxy=no
IP=10.1.0.2
IP6=fd00::2
Label=a=b "c=d e"
LogDriver=journald
LogOpt=tag=web
Mask=/proc/sys/foo:/proc/sys/bar
Memory=256m
Mount=type=tmpfs,destination=/scratch,tmpfs-size=1M
Mount=type=bind,src=./config,dst=/config,ro
Mount=type=volume,source=data.volume,destination=/more
Mount="type=bind,src=/srv/a,\\"dst=/a,b\\""
Network=back.network:ip=10.1.0.2
NetworkAlias=www
NoNewPrivileges=yes
Notify=yes
PidsLimit=100
PodmanArgs=--cpus 0.5 "--label=with space"
PublishPort=127.0.0.1:8080:80
PublishPort=8443:443/tcp
Pull=missing
ReadOnly=true
ReadOnlyTmpfs=false
ReloadCmd=nginx -s reload
Retry=3
RetryDelay=2s
RunInit=yes
SeccompProfile=/etc/seccomp.json
Secret=key,type=env,target=KEY
SecurityLabelDisable=no
SecurityLabelFileType=usr_t
SecurityLabelLevel=s0:c1,c2
SecurityLabelNested=yes
SecurityLabelType=spc_t
ShmSize=64m
StopSignal=SIGQUIT
StopTimeout=20
Sysctl=net.core.somaxconn=1024 net.ipv4.ip_forward=1
Timezone=local
Tmpfs=/tmp:size=1M
UIDMap=0:10000:10
GIDMap=0:10000:10
SubUIDMap=sub
SubGIDMap=sub
Ulimit=nofile=1000:10000
Unmask=ALL
User=100
Group=200
UserNS=auto
Volume=data.volume:/data:ro
Volume=/srv/www:/www
Volume=/anonymous
WorkingDir=/work

[Service]
Restart=always
TimeoutStartSec=900

[Install]
WantedBy=multi-user.target default.target
Alias=www.service
`,
  "web.env": "MODE=production\n",
  "cache.container": `[Container]
Image=redis.image
Pod=app.pod
ReloadSignal=SIGHUP
Notify=healthy
RemapUsers=auto
RemapUid=0:1:2
RemapUidSize=100
VolatileTmp=yes
Rootfs=
`,
  "job.container": `[Container]
Image=localhost/job:latest
Pod=app.pod
StartWithPod=no
RemapUsers=keep-id
RemapUid=100
RemapGid=200

[Service]
Type=oneshot
KillMode=control-group
SyslogIdentifier=job
`,
  "tree.container": `[Container]
Rootfs=/var/lib/tree
Network=container:web
Network=none

[Quadlet]
DefaultDependencies=false
`,
  "built.container": `[Container]
Image=app.build
Network=web.container
`,
  "worker@.container": `[Container]
Image=quay.io/example/worker:1
Environment=INSTANCE=%i
Volume=state@.volume:/state

[Install]
WantedBy=multi-user.target
DefaultInstance=one
`,
  "worker@two.container": `[Container]
Image=quay.io/example/worker:1

[Install]
RequiredBy=web.service
UpheldBy=app-pod.service
`,
  "state@.volume": "[Volume]\n",
  "app.pod": `[Pod]
PodName=app
AddHost=db:10.0.0.1
ContainersConfModule=/etc/containers/m.conf
DNS=1.1.1.1
DNSOption=ndots:1
DNSSearch=example.org
ExitPolicy=continue
GlobalArgs=--log-level=info
HostName=app.example.org
IP=10.1.0.3
IP6=fd00::3
Label=pod=yes
Network=back.network
NetworkAlias=pod
PodmanArgs=--cpus 1
PublishPort=9090:90
ServiceName=the-app
ShmSize=32m
StopTimeout=30
UserNS=auto
Volume=data.volume:/shared

[Install]
WantedBy=multi-user.target
`,
  "mapped.pod": "[Pod]\nUIDMap=0:1:2\nGIDMap=0:1:2\nSubUIDMap=a\nSubGIDMap=b\n\n[Service]\nRestart=no\n",
  "remapped.pod": "[Pod]\nRemapUsers=manual\nRemapUid=0:1:2\nRemapGid=0:1:2\n",
  "play.kube": `[Kube]
Yaml=play.yml
ConfigMap=map.yml
AutoUpdate=registry
AutoUpdate=one/local
ContainersConfModule=/etc/containers/m.conf
ExitCodePropagation=any
GlobalArgs=--log-level=info
KubeDownForce=yes
LogDriver=journald
LogOpt=tag=play
Network=back.network
PodmanArgs=--no-hosts
PublishPort=7070:70
SetWorkingDirectory=yaml
UserNS=auto

[Install]
WantedBy=multi-user.target
`,
  "play.yml": `apiVersion: v1
kind: Pod
metadata:
  name: play
spec:
  containers:
    - name: one
      image: quay.io/example/one:1
      livenessProbe: {exec: {command: ["true"]}}
      ports: [{containerPort: 70, hostPort: 7171}]
    - name: two
      image: "docker.io/library/nginx:1.27"
`,
  "one.yml":
    "kind: Deployment\nmetadata: {name: one}\nspec: {template: {spec: {containers: [{name: a, image: quay.io/example/one:1}]}}}\n",
  "two.yml": "",
  "map.yml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\ndata: {a: b}\n",
  "other.kube":
    "[Kube]\nYaml=one.yml ./two.yml\nRemapUsers=keep-id\nSetWorkingDirectory=unit\n\n[Service]\nType=oneshot\n",
  "data.volume": `[Volume]
VolumeName=data
ContainersConfModule=/etc/containers/m.conf
Copy=no
Device=/srv/data dir
Driver=local
GID=2000
GlobalArgs=--log-level=info
Group=300
Label=a=1
Options=rw,noatime
PodmanArgs=--annotation x=y
Type=bind
UID=1000
User=0x10
`,
  "from-image.volume": "[Volume]\nDriver=image\nImage=docker.io/library/alpine:3\n",
  "back.network": `[Network]
NetworkName=back
ContainersConfModule=/etc/containers/m.conf
DNS=1.1.1.1
DisableDNS=true
Driver=bridge
Gateway=10.1.0.1
GlobalArgs=--log-level=info
IPAMDriver=host-local
IPRange=10.1.0.0/28
IPv6=yes
InterfaceName=br-back
Internal=yes
Label=n=1
NetworkDeleteOnStop=yes
Options=isolate=true
PodmanArgs=--route=10.9.0.0/16,10.1.0.1
ServiceName=back-net
Subnet=10.1.0.0/24
Subnet=fd00::/64
`,
  "redis.image": `[Image]
Image=docker.io/library/redis:7
AllTags=no
Arch=amd64
AuthFile=/etc/auth.json
CertDir=/etc/certs
ContainersConfModule=/etc/containers/m.conf
Creds=user:pass
DecryptionKey=/etc/key
GlobalArgs=--log-level=info
OS=linux
PodmanArgs=--quiet
Policy=missing
Retry=3
RetryDelay=1s
TLSVerify=false
Variant=v8
`,
  "app.build": `[Build]
ImageTag=localhost/app:latest
ImageTag=localhost/app:1
Annotation=a=1
Arch=arm64
AuthFile=/etc/auth.json
BuildArg=A=1 B
ContainersConfModule=/etc/containers/m.conf
DNS=1.1.1.1
DNSOption=ndots:1
DNSSearch=example.org
Environment=E=1
File=./Containerfile
ForceRM=yes
GlobalArgs=--log-level=info
GroupAdd=keep-groups
IgnoreFile=/srv/ignore
Label=l=1
Network=back.network
PodmanArgs=--squash
Pull=newer
Retry=1
RetryDelay=1s
Secret=id=s,src=/srv/s
SetWorkingDirectory=unit
TLSVerify=yes
Target=final
Variant=v7
Volume=data.volume:/cache
`,
  "remote.build": "[Build]\nImageTag=localhost/remote\nSetWorkingDirectory=https://example.org/x.git\n",
  "model.artifact": `[Artifact]
Artifact=quay.io/example/model:1
AuthFile=/etc/auth.json
CertDir=/etc/certs
ContainersConfModule=/etc/containers/m.conf
Creds=user:pass
DecryptionKey=/etc/key
GlobalArgs=--log-level=info
PodmanArgs=--help
Quiet=yes
Retry=2
RetryDelay=1s
TLSVerify=false
`,
  "container.d/10-all.conf": "[Service]\nNice=5\n",
  "worker@.container.d/10-env.conf": "[Container]\nEnvironment=FROM=template\n",
  "worker@two.container.d/10-env.conf": "[Container]\nEnvironment=FROM=two\n",
  "worker@two.container.d/20-env.conf": "[Container]\nEnvironment=\nEnvironment=LAST=1\n",
};

/** A directory of its own with these files. */
export function writeFiles(files: Readonly<Record<string, string>>): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "atomic-quadlet-")));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}
