/*
 * The extension manager of Brackets 1.3 (npm brackets@0.5.8), run outside the editor.
 *
 * Its registry client, view models and views are loaded unchanged into a page of jsdom; what the editor around
 * them would give (files, preferences, dialogs) is answered here. Installing runs the node half of the client,
 * with the package validator that the editor ships.
 *
 *     node brackets_client.cjs CLIENT JSDOM < ORDERS
 *
 * CLIENT is the unpacked npm package, JSDOM the folder of that module. ORDERS is JSON: `registry` and `packages`
 * (addresses, as in the editor's config.json), `apiVersion`, `installed` (name -> package.json), `search` (texts),
 * `compatibility` and `install` (names) and `folder` (an empty one). The answer is JSON on standard output.
 */
"use strict";
const fs = require("fs");
const path = require("path");

const [client, jsdomFolder] = process.argv.slice(2);
const orders = JSON.parse(fs.readFileSync(0, "utf8"));
const dist = path.join(client, "brackets-dist");

const { JSDOM } = require(jsdomFolder);
const page = `<!doctype html><body><a id="toolbar-extension-manager"></a><div id="tabs"></div></body>`;
const window = new JSDOM(page, { url: new URL(orders.registry).origin, runScripts: "outside-only" }).window;

const definitions = new Map();
const modules = new Map();

function define(name, dependencies, factory) {
    definitions.set(name, factory === undefined ? dependencies : factory);
}
define.amd = {};

function load(name) {
    if (!modules.has(name)) {
        const module = { exports: {} };
        modules.set(name, module);
        const made = definition(name);
        const result = typeof made === "function" ? made.call(window, load, module.exports, module) : made;
        if (result !== undefined) {
            module.exports = result;
        }
    }
    return modules.get(name).exports;
}

function definition(name) {
    if (name in stand_ins) {
        return () => stand_ins[name];
    }
    if (name.startsWith("i18n!nls/")) {
        return language(name.slice("i18n!nls/".length));
    }
    if (!definitions.has(name)) {
        throw new Error(`The client asks for a module ${name}`);
    }
    return definitions.get(name);
}

function language(file) {
    let texts = {};
    new Function("define", fs.readFileSync(path.join(dist, "nls/root", `${file}.js`), "utf8"))((found) => {
        texts = typeof found === "function" ? found() : found;
    });
    return texts;
}

// What the editor around the extension manager would give.
const nothing = () => {};
const preferences = {};
const installed = orders.installed || {};
const loader = { getUserExtensionPath: () => "/user" };
const stand_ins = {
    "extensibility/InstallExtensionDialog": {},
    "extensibility/Package": {},
    "file/FileUtils": {},
    "filesystem/FileSystem": {},
    "preferences/PreferencesManager": {
        definePreference: nothing,
        get: (name) => preferences[name],
        set: (name, value) => (preferences[name] = value),
        stateManager: { definePreference: nothing },
    },
    "utils/AppInit": { appReady: nothing, htmlReady: nothing },
    "utils/ExtensionLoader": loader,
    "utils/ExtensionUtils": {
        loadPackageJson: (folder) => new window.$.Deferred().resolve(installed[path.basename(folder)]).promise(),
    },
    "utils/Global": {},
    "view/ThemeManager": { loadPackage: nothing },
};

window.define = undefined;
window.eval(fs.readFileSync(path.join(dist, "thirdparty/thirdparty.min.js"), "utf8"));
window.define = define;
window.require = Object.assign(nothing, { config: nothing });
window.requirejs = window.require;
window.appshell = {};
window.brackets = {
    app: { getUserExtensionPath: () => "/user" },
    config: { extension_registry: orders.registry, extension_url: orders.packages },
    metadata: { apiVersion: orders.apiVersion, version: `${orders.apiVersion}-0`, name: "Brackets" },
    platform: "linux",
    getLocale: () => "en",
    isLocaleDefault: () => true,
};
window.eval(fs.readFileSync(path.join(dist, "main.js"), "utf8"));

const promised = (deferred) =>
    new Promise((resolve, reject) =>
        deferred.then(resolve, (...why) => reject(new Error(`rejected: ${why.map(String)}`))));

async function tab(Model) {
    const { ExtensionManagerView } = load("extensibility/ExtensionManagerView");
    const model = new Model();
    const view = new ExtensionManagerView();
    await promised(view.initialize(model));
    window.$("#tabs").append(view.$el);
    const shown = view.$el.find("tr");
    const found = {
        names: model.filterSet.slice(),
        rows: shown.length,
        titles: view.$el.find(".ext-name").slice(0, 5).map((_, one) => window.$(one).text().trim()).get(),
        installable: view.$el.find("button.install:not([disabled])").length,
        protocols: [...new Set(view.$el.find("a[href]").map((_, link) => link.protocol).get())].sort(),
        search: {},
    };
    for (const text of orders.search || []) {
        model.filter(text, true);
        found.search[text] = model.filterSet.slice();
    }
    view.dispose?.();
    return found;
}

function download(url, file) {
    return new Promise((resolve, reject) => {
        require("http")
            .get(url, (response) => {
                if (response.statusCode === 200) {
                    response.pipe(fs.createWriteStream(file)).on("finish", resolve);
                } else {
                    reject(new Error(`BAD_HTTP_STATUS ${response.statusCode} ${url}`));
                }
            })
            .on("error", reject);
    });
}

async function install(name) {
    const manager = load("extensibility/ExtensionManager");
    const { registryInfo } = manager.extensions[name];
    const compatibility = manager.getCompatibilityInfo(registryInfo, orders.apiVersion);
    const url = manager.getExtensionURL(name, compatibility.compatibleVersion || registryInfo.metadata.version);
    const file = path.join(orders.folder, `${name}.zip`);
    await download(url, file);
    const { _cmdInstall } = require(path.join(client, "extensibility/ExtensionManagerDomain.js"));
    const options = {
        apiVersion: orders.apiVersion,
        disabledDirectory: path.join(orders.folder, "disabled"),
        nameHint: `${name}.zip`,
        systemExtensionDirectory: path.join(orders.folder, "system"),
    };
    const user = path.join(orders.folder, "user");
    const result = await new Promise((resolve, reject) =>
        _cmdInstall(file, user, options, (error, done) => (error ? reject(error) : resolve(done))));
    const folder = path.join(user, name);
    return {
        url,
        status: result.installationStatus,
        errors: result.errors,
        metadata: result.metadata,
        files: fs.existsSync(folder) ? fs.readdirSync(folder) : [],
    };
}

async function main() {
    load("utils/EventDispatcher").makeEventDispatcher(loader);
    const manager = load("extensibility/ExtensionManager");
    const models = load("extensibility/ExtensionManagerViewModel");
    for (const name of Object.keys(installed)) {
        loader.trigger("load", `/user/${name}`);
    }
    await promised(manager.downloadRegistry());
    const registered = Object.values(manager.extensions).filter((entry) => entry.registryInfo);
    const answer = {
        count: registered.length,
        available: await tab(models.RegistryViewModel),
        themes: await tab(models.ThemesViewModel),
        installed: Object.fromEntries(
            Object.keys(installed).map((name) => {
                const { updateAvailable, updateCompatible, lastCompatibleVersion } = manager.extensions[name].installInfo;
                return [name, { updateAvailable, updateCompatible, lastCompatibleVersion }];
            }),
        ),
        compatibility: Object.fromEntries(
            (orders.compatibility || []).map((name) => [
                name,
                manager.getCompatibilityInfo(manager.extensions[name].registryInfo, orders.apiVersion),
            ]),
        ),
        installs: {},
    };
    for (const name of orders.install || []) {
        answer.installs[name] = await install(name);
    }
    process.stdout.write(JSON.stringify(answer));
}

process.on("unhandledRejection", (error) => {
    throw error;
});
main().then(
    () => process.exit(0),
    (error) => {
        process.stderr.write(`${error.stack}\n`);
        process.exit(1);
    },
);
