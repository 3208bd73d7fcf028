// Everything that a page keeps in the browser, as {where: {name: content}}.
async () => {
  const found = { localStorage: { ...localStorage }, sessionStorage: { ...sessionStorage } };
  found.cookies = Object.fromEntries(
    document.cookie.split("; ").filter(Boolean).map((cookie) => cookie.split("=", 2)));
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  found.indexedDB = {};
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const all = database.transaction(store).objectStore(store).getAll();
      found.indexedDB[`${name}/${store}`] = JSON.stringify(await done(all));
    }
    database.close();
  }
  found.caches = {};
  for (const name of window.caches ? await caches.keys() : []) found.caches[name] = "";
  return found;
}
