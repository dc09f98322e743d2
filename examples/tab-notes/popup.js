// Shows and keeps the note on the page in the active tab. Notes are filed under the page's address without
// its query and fragment, which change from visit to visit.

const api = globalThis.browser ?? globalThis.chrome;
const label = document.querySelector("label");
const field = document.querySelector("textarea");

function addressOf(tab) {
    if (!tab?.url?.startsWith("http")) {
        return null;
    }
    const { host, pathname } = new URL(tab.url);
    return host + pathname;
}

async function save(address) {
    const text = field.value.trim();
    if (text) {
        await api.storage.local.set({ [address]: text });
    } else {
        await api.storage.local.remove(address);
    }
}

async function open() {
    const [tab] = await api.tabs.query({ active: true, currentWindow: true });
    const address = addressOf(tab);
    if (!address) {
        label.textContent = api.i18n.getMessage("noPage");
        return;
    }
    const notes = await api.storage.local.get(address);
    label.textContent = api.i18n.getMessage("noteLabel", address);
    field.value = notes[address] ?? "";
    field.hidden = false;
    field.focus();
    field.addEventListener("input", () => save(address));
}

open();
