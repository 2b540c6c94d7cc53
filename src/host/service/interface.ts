// SPDX-License-Identifier: Apache-2.0
/** How D-Bus interfaces are declared here, and their introspection data (D-Bus specification, "Introspection Data Format"). */

export interface Argument {
  readonly name: string;
  readonly type: string;
}

export interface MethodDeclaration {
  readonly inputs: readonly Argument[];
  readonly outputs: readonly Argument[];
  /** File descriptors can come with it (annotation `org.gtk.GDBus.C.UnixFD`). */
  readonly descriptors: boolean;
}

export interface InterfaceDeclaration {
  readonly name: string;
  readonly methods: Readonly<Record<string, MethodDeclaration>>;
  /** Name to type; all are read-only. */
  readonly properties: Readonly<Record<string, string>>;
  readonly signals: Readonly<Record<string, readonly Argument[]>>;
}

/** Arguments written `name:type name:type`. */
export function args(text: string): Argument[] {
  const words = text.split(" ").filter((word) => word !== "");
  return words.map((word) => ({ name: word.slice(0, word.indexOf(":")), type: word.slice(word.indexOf(":") + 1) }));
}

export function method(inputs = "", outputs = "", descriptors = false): MethodDeclaration {
  return { inputs: args(inputs), outputs: args(outputs), descriptors };
}

export function signatureOf(list: readonly Argument[]): string {
  return list.map(({ type }) => type).join("");
}

/** Types that QtDBus cannot map by itself, and what rpm-ostree's interface maps them to. */
const qtTypes: Readonly<Record<string, string>> = {
  "a{sv}": "QVariantMap",
  "a{ss}": "QMap<QString,QString>",
  "aa{sv}": "QVariantList",
  "a(sua{sv})": "QVariantList",
};
const qtPropertyTypes: Readonly<Record<string, string>> = {
  "a{sv}": "QVariantMap",
  "(sss)": "QStringList",
  "aa{sv}": "QList<QVariantMap>",
};

const qtName = "org.qtproject.QtDBus.QtTypeName";

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function annotation(name: string, value: string | undefined): string {
  return value === undefined ? "" : `<annotation name="${name}" value="${escape(value)}"/>`;
}

/** One `<interface>` element. */
export function introspectInterface({ name, methods, properties, signals }: InterfaceDeclaration): string {
  return [
    `<interface name="${name}">`,
    ...Object.entries(methods).map(([member, declaration]) => introspectMethod(member, declaration)),
    ...Object.entries(signals).map(([member, list]) => introspectSignal(member, list)),
    ...Object.entries(properties).map(
      ([member, type]) =>
        `<property name="${member}" type="${type}" access="read">${annotation(qtName, qtPropertyTypes[type])}</property>`,
    ),
    "</interface>",
  ].join("\n");
}

function introspectMethod(name: string, { inputs, outputs, descriptors }: MethodDeclaration): string {
  const list = (items: readonly Argument[], direction: "in" | "out") =>
    items.map(
      (item, index) =>
        `<arg type="${item.type}" name="${item.name}" direction="${direction}"/>` +
        annotation(`${qtName}.${direction === "in" ? "In" : "Out"}${index}`, qtTypes[item.type]),
    );
  const fds = descriptors ? [annotation("org.gtk.GDBus.C.UnixFD", "true")] : [];
  return [`<method name="${name}">`, ...list(inputs, "in"), ...list(outputs, "out"), ...fds, "</method>"].join("");
}

/** The first tuple of a signal is a list of strings to Qt, the others are lists of variants. */
function introspectSignal(name: string, list: readonly Argument[]): string {
  const items = list.map((item, index) => {
    const qt = item.type.startsWith("(") ? (index === 0 ? "QStringList" : "QVariantList") : undefined;
    return `<arg name="${item.name}" type="${item.type}" direction="out"/>${annotation(`${qtName}.Out${index}`, qt)}`;
  });
  return [`<signal name="${name}">`, ...items, "</signal>"].join("");
}
