// Opens report.html or drift.html in Chromium and checks what a reader relies on. Usage: node check.mjs PATH [--shots DIR]
// A page without a filter is not asked what its filter does.
// Prints one line a check; exits 1 if one fails, 2 if it could not run. CHROMIUM names another browser than /usr/bin/chromium.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const WIDTHS = [360, 768, 1280];
const PAPERS = ["A4", "Letter"];
// Axe looks at every element of a page: of a page larger than this it would take many minutes. The same templates make the small one.
const AXE_BYTES = 2e6;
const AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const args = process.argv.slice(2);
const shotsAt = args.indexOf("--shots");
const shots = shotsAt >= 0 ? args.splice(shotsAt, 2)[1] : null;
if (args.length !== 1 || (shotsAt >= 0 && !shots) || !existsSync(args[0])) {
  console.error("usage: node check.mjs PATH/report.html [--shots DIR]");
  process.exit(2);
}
const file = resolve(args[0]);
const url = pathToFileURL(file).href;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
if (shots) mkdirSync(shots, { recursive: true });

let failed = 0;
async function check(name, body) {
  try {
    const note = await body();
    console.log(`ok    ${name}${note ? `: ${note}` : ""}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}: ${String(error.message ?? error).split("\n").slice(0, 12).join("\n      ")}`);
  }
}
function expect(holds, message) {
  if (!holds) throw new Error(message);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: FLAGS,
}).catch((error) => {
  console.error(`no browser: ${error.message}`);
  process.exit(2);
});

// A page that notes every request, message and violation.
async function open(options = {}, address = url) {
  const { viewport = { width: 1280, height: 900 }, ...rest } = options;
  const context = await browser.newContext({ viewport, offline: false, ...rest });
  const page = await context.newPage();
  const seen = { requests: [], messages: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) seen.messages.push(message.text());
  });
  page.on("pageerror", (error) => seen.messages.push(String(error)));
  if (rest.javaScriptEnabled !== false) {
    await page.addInitScript(() => {
      window.violations = [];
      document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
  }
  await page.goto(address);
  return { page, seen, close: () => context.close() };
}

const visible = (page) => page.evaluate(() =>
  [...document.querySelectorAll("[data-f]")].filter((element) => !element.hidden && !element.closest("[hidden]")).length);

await check("the file alone is asked for, and the console stays silent", async () => {
  const { page, seen, close } = await open();
  await page.mouse.wheel(0, 20000);
  await page.waitForTimeout(200);
  const violations = await page.evaluate(() => window.violations);
  await close();
  expect(seen.requests.every((request) => request === url || request.startsWith("data:")), `requests: ${seen.requests.join(" ")}`);
  expect(seen.messages.length === 0, `messages: ${seen.messages.join(" | ")}`);
  expect(violations.length === 0, `violations: ${violations.join(" | ")}`);
});

await check("it opens", async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const from = performance.now();
  await page.goto(url);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const took = performance.now() - from;
  await context.close();
  return `${(statSync(file).size / 1e6).toFixed(2)} MB, loaded, laid out and painted after ${(took / 1000).toFixed(2)} s`;
});

await check("the page's own policy stops scripts and requests that are not its own", async () => {
  const { page, close } = await open();
  const result = await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "window.intruder = true";
    document.body.append(script);
    const image = new Image();
    image.src = "http://127.0.0.1:9/x.png";
    await new Promise((done) => { image.onerror = done; setTimeout(done, 500); });
    return { intruder: window.intruder === true, violations: window.violations.length };
  });
  await close();
  expect(!result.intruder, "an added script ran");
  expect(result.violations >= 2, `only ${result.violations} violations were seen`);
});

const isSmall = statSync(file).size <= AXE_BYTES;
if (!isSmall) console.log("      axe is left to a smaller page");
for (const scheme of isSmall ? ["light", "dark"] : []) {
  for (const width of [360, 1280]) {
    await check(`axe finds nothing (${scheme}, ${width} px)`, async () => {
      const { page, close } = await open({ colorScheme: scheme, bypassCSP: true, reducedMotion: "reduce", viewport: { width, height: 900 } });
      await page.evaluate(() => document.querySelectorAll("details").forEach((details, at) => { details.open = at < 40 || details.matches(".big"); }));
      await page.evaluate(axe);
      const result = await page.evaluate((tags) => window.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }), AXE_TAGS);
      await close();
      const found = result.violations.map((violation) =>
        `${violation.id} (${violation.nodes.length}): ${violation.nodes.slice(0, 2).map((node) => `${node.target} ${node.failureSummary?.split("\n")[1] ?? ""}`).join(" | ")}`);
      expect(found.length === 0, found.join("\n"));
      return `${result.passes.length} rules hold`;
    });
  }
}

await check("everything is there without scripts", async () => {
  const { page: scripted, close: closeScripted } = await open();
  const total = await scripted.evaluate(() => document.querySelectorAll("[data-f]").length);
  const texts = await scripted.evaluate(() => [...document.querySelectorAll("article[data-f] h4")].map((h) => h.textContent.trim()));
  await closeScripted();
  const { page, close } = await open({ javaScriptEnabled: false });
  const body = await page.locator("body").innerText();
  const filterShown = await page.locator("#filter").isVisible();
  const rows = await page.locator("[data-f]").count();
  const closed = page.locator("#findings details > summary").first();
  let opens = true;
  if (await closed.count()) {
    await closed.click();
    opens = await closed.locator("xpath=../*[2]").isVisible();
  }
  await close();
  const flat = body.replace(/\s+/g, " ");
  const missing = texts.filter((text) => !flat.includes(text.replace(/\s+/g, " ")));
  expect(rows === total, `${rows} of ${total} findings`);
  expect(missing.length === 0, `not visible: ${missing[0]}`);
  expect(!filterShown, "a filter that does nothing is shown");
  expect(opens, "a closed part does not open");
  return `${total} findings`;
});

for (const width of WIDTHS) {
  await check(`no horizontal scroll at ${width} px`, async () => {
    const { page, close } = await open({ viewport: { width, height: 800 } });
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
    const wide = await page.evaluate(() => {
      const limit = document.documentElement.clientWidth;
      const over = [...document.querySelectorAll("body *")].filter((element) => {
        const box = element.getBoundingClientRect();
        // A wide table scrolls inside its own region.
        return box.width > 1 && box.right > limit + 1 && getComputedStyle(element).position !== "absolute" && !element.closest(".scroll *");
      });
      return { scroll: document.documentElement.scrollWidth, limit, over: over.slice(0, 3).map((e) => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)}`) };
    });
    await close();
    expect(wide.scroll <= wide.limit && wide.over.length === 0, `${wide.scroll} px wide; ${wide.over.join(", ")}`);
  });
}

const hasFilter = readFileSync(file, "utf8").includes('id="filter-reset"');
expect(hasFilter || file.endsWith("drift.html"), "the report has no filter");
if (hasFilter) await check("the filter shows what it says, and the URL keeps it", async () => {
  const { page, seen, close } = await open();
  const total = await visible(page);
  const outcomes = await page.evaluate(() => [...document.querySelectorAll("#filter-outcome option")].map((o) => o.value).filter(Boolean));
  for (const outcome of outcomes) {
    await page.selectOption("#filter-outcome", outcome);
    await page.waitForFunction((word) => location.hash === `#?outcome=${word}`, outcome);
    const shown = await visible(page);
    const wanted = await page.evaluate((word) => document.querySelectorAll(`[data-o="${word}"] [data-f]`).length, outcome);
    expect(shown === wanted, `${outcome}: ${shown} shown, ${wanted} are there`);
    const said = await page.locator("#filter-count").innerText();
    expect(said.startsWith(`Filtered: ${shown.toLocaleString("en-US")} of `), said);
  }
  await page.click("#filter-reset");
  await page.waitForFunction(() => location.hash === "");
  expect(await visible(page) === total, "not all are back");
  const requirement = await page.evaluate(() => {
    // A large page lists no findings of some groups, and says how many it leaves out.
    const listed = [...document.querySelectorAll("[data-r]")].filter((group) => group.querySelector("[data-f]"));
    const used = listed.flatMap((group) => group.getAttribute("data-r").split(" "));
    return [...document.querySelectorAll("#filter-requirement option")].map((o) => o.value).find((value) => value.includes("/") && used.includes(value));
  });
  if (requirement) {
    await page.selectOption("#filter-requirement", requirement);
    await page.waitForFunction(() => location.hash.startsWith("#?requirement="));
    const wanted = await page.evaluate((token) => [...document.querySelectorAll("[data-r]")]
      .filter((group) => group.getAttribute("data-r").split(" ").includes(token))
      .reduce((sum, group) => sum + group.querySelectorAll("[data-f]").length, 0), requirement);
    expect(await visible(page) === wanted && wanted > 0, `${requirement}: ${await visible(page)} shown, ${wanted} are there`);
    const again = await open({}, page.url());
    expect(await visible(again.page) === wanted, "the link does not give the same view");
    expect(await again.page.inputValue("#filter-requirement") === requirement, "the link does not set the filter");
    await again.close();
    await page.click("#filter-reset");
  }
  const first = await page.evaluate(() => document.querySelector("[data-f]")?.querySelector(".subject strong, td")?.textContent.trim().split(/\s+/).pop());
  if (first) {
    await page.fill("#filter-text", first.toUpperCase());
    await page.waitForFunction(() => location.hash.startsWith("#?text="));
    expect(await visible(page) > 0, `nothing found for ${first}`);
    await page.fill("#filter-text", "no finding holds this text");
    await page.waitForFunction(() => location.hash.includes("no%20finding"));
    expect(await visible(page) === 0, "something is shown for text that occurs nowhere");
  }
  expect(seen.messages.length === 0, seen.messages.join(" | "));
  await close();
  return `${total} findings`;
});

if (hasFilter) await check("a link to a finding shows it, closed and filtered or not", async () => {
  const { page, close } = await open();
  const ids = await page.evaluate(() => [...document.querySelectorAll("[data-f]")].map((element) => element.id));
  const { pathname } = new URL(url);
  for (const id of [ids[0], ids[ids.length - 1]].filter(Boolean)) {
    const again = await open({}, `file://${pathname}#${id}`);
    expect(await again.page.locator(`[id="${id}"]`).isVisible(), `${id} is not visible`);
    await again.page.fill("#filter-text", "no finding holds this text");
    await again.page.waitForFunction(() => location.hash.startsWith("#?text="));
    await again.page.evaluate((hash) => { location.hash = hash; }, `#${id}`);
    await again.page.waitForTimeout(100);
    expect(await again.page.locator(`[id="${id}"]`).isVisible(), `${id} stays hidden by the filter`);
    await again.close();
  }
  await close();
});

await check("the keyboard reaches everything, and focus is seen", async () => {
  const { page, close } = await open();
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => ({ text: document.activeElement.textContent, left: document.activeElement.getBoundingClientRect().left }));
  expect(first.text.includes("Skip") && first.left >= 0, "the skip link is not first, or not seen");
  const reached = await page.evaluate(() => document.querySelectorAll("a[href], button, input, select, summary").length);
  for (let step = 0; step < Math.min(12, reached - 1); step += 1) {
    await page.keyboard.press("Tab");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    expect(outline !== "none", `no outline at ${await page.evaluate(() => document.activeElement.outerHTML.slice(0, 80))}`);
  }
  await close();
});

const work = mkdtempSync(join(tmpdir(), "report-check-"));
for (const scripts of [true, false]) {
  for (const paper of PAPERS) {
    await check(`prints to ${paper}${scripts ? "" : " without scripts"}: what an assessor keeps, closed parts included`, async () => {
      const { page, close } = await open({ javaScriptEnabled: scripts });
      const wanted = await page.locator("#findings .finding:not(.screen) details .mono, #findings .finding:not(.screen) .code:not(.screen) pre, #passed details .of, #passed details th, #requirements details th, #method details th").allTextContents();
      const pdf = join(work, `${paper}-${scripts}.pdf`);
      writeFileSync(pdf, await page.pdf({ format: paper, preferCSSPageSize: false, printBackground: false }));
      await close();
      const squeeze = (text) => text.replace(/\s+/g, "");
      const printed = squeeze(execFileSync("pdftotext", ["-raw", pdf, "-"], { encoding: "utf8", maxBuffer: 1 << 28 }));
      // Only plain words are compared: a PDF may join or reorder other characters.
      const words = wanted.flatMap((text) => text.split(/\s+/)).filter((word) => /^[A-Za-z][\w.:-]{3,28}$/.test(word));
      const missing = [...new Set(words)].filter((word) => !printed.includes(word));
      expect(missing.length <= words.length / 100, `not printed: ${missing.slice(0, 8).join(" ")}`);
      const info = execFileSync("pdfinfo", [pdf], { encoding: "utf8" });
      const pages = Number(/Pages:\s+(\d+)/.exec(info)[1]);
      expect(printed.includes(`1/${pages}`), "no page footer");
      if (shots && scripts) execFileSync("pdftoppm", ["-r", "70", "-png", pdf, join(shots, `print-${paper.toLowerCase()}`)]);
      return `${pages} pages, ${new Set(words).size} words of closed parts`;
    });
  }
}
rmSync(work, { recursive: true, force: true });

if (shots) {
  const views = [
    ["desktop-light", { colorScheme: "light", viewport: { width: 1280, height: 1400 } }],
    ["desktop-dark", { colorScheme: "dark", viewport: { width: 1280, height: 1400 } }],
    ["phone", { colorScheme: "light", viewport: { width: 360, height: 1200 }, deviceScaleFactor: 1.5 }],
  ];
  for (const [name, options] of views) {
    const { page, close } = await open({ reducedMotion: "reduce", ...options });
    await page.evaluate(() => document.querySelectorAll("details").forEach((details, at) => { details.open = at < 3 || details.matches(".big"); }));
    const { width, height: tile } = options.viewport;
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    for (let at = 0; at * tile < height && at < 10; at += 1) {
      const clip = { x: 0, y: at * tile, width, height: Math.min(tile, height - at * tile) };
      await page.screenshot({ path: join(shots, `${name}-${at}.png`), fullPage: true, clip });
    }
    await close();
  }
  console.log(`shots in ${shots}`);
}
await browser.close();
console.log(failed ? `${failed} checks failed` : "all checks hold");
process.exit(failed ? 1 : 0);
