(function () {
  "use strict";
  var doc = document;
  var byId = function (id) { return doc.getElementById(id); };
  var all = function (selector, root) { return Array.prototype.slice.call((root || doc).querySelectorAll(selector)); };

  var inputs = {
    outcome: byId("filter-outcome"),
    severity: byId("filter-severity"),
    requirement: byId("filter-requirement"),
    text: byId("filter-text")
  };
  var names = Object.keys(inputs);
  var count = byId("filter-count");
  var groups = all("[data-o]").map(function (element) {
    var findings = all("[data-f]", element);
    var head = element.querySelector(".group-head, .of");
    var headText = head ? head.textContent.toLowerCase() : "";
    return {
      element: element,
      outcome: element.getAttribute("data-o"),
      severity: element.getAttribute("data-s"),
      requirements: element.getAttribute("data-r").split(" "),
      findings: findings.map(function (finding) { return { element: finding, head: headText, text: null }; })
    };
  });
  var total = groups.reduce(function (sum, group) { return sum + group.findings.length; }, 0);

  function plain(number) { return String(number).replace(/\B(?=(\d{3})+$)/g, ","); }

  function matches(finding, words) {
    if (finding.text === null) { finding.text = finding.head + " " + finding.element.textContent.toLowerCase(); }
    return words.every(function (word) { return finding.text.indexOf(word) >= 0; });
  }

  function wanted() {
    var view = {};
    names.forEach(function (name) { if (inputs[name].value.trim()) { view[name] = inputs[name].value.trim(); } });
    return view;
  }

  function apply() {
    var view = wanted();
    var words = (view.text || "").toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    groups.forEach(function (group) {
      var fits = (!view.outcome || group.outcome === view.outcome) &&
        (!view.severity || group.severity === view.severity) &&
        (!view.requirement || group.requirements.indexOf(view.requirement) >= 0);
      var inGroup = 0;
      group.findings.forEach(function (finding) {
        var visible = fits && (!words.length || matches(finding, words));
        finding.element.hidden = !visible;
        if (visible) { inGroup += 1; }
      });
      group.element.hidden = inGroup === 0;
      shown += inGroup;
    });
    var filtered = Object.keys(view).length > 0;
    if (filtered && (view.outcome === "pass" || view.outcome === "na" || view.text)) { openFor(); }
    count.classList.toggle("filtered", filtered);
    count.textContent = filtered ?
      "Filtered: " + plain(shown) + " of " + plain(total) + " findings shown, passes and not applicable further down included." :
      plain(total) + " findings, passes and not applicable further down included.";
    return view;
  }

  function openFor() {
    all("#passed details.big").forEach(function (details) {
      if (all("[data-f]", details).some(function (row) { return !row.hidden; })) { details.open = true; }
    });
  }

  function toHash(view) {
    var parts = names.filter(function (name) { return view[name]; }).map(function (name) {
      return name + "=" + encodeURIComponent(view[name]);
    });
    return parts.length ? "#?" + parts.join("&") : "";
  }

  function fromHash() {
    var hash = location.hash;
    if (hash.indexOf("#?") !== 0) { return false; }
    var view = {};
    hash.slice(2).split("&").forEach(function (part) {
      var at = part.indexOf("=");
      if (at > 0) {
        try { view[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1)); } catch (error) { /* not ours */ }
      }
    });
    names.forEach(function (name) {
      inputs[name].value = view[name] || "";
      if (inputs[name].selectedIndex === -1) { inputs[name].value = ""; }
    });
    apply();
    return true;
  }

  function reveal() {
    if (fromHash() || location.hash.length < 2) { return; }
    var target = byId(decodeURIComponent(location.hash.slice(1)));
    if (!target) { return; }
    if (target.hidden || target.closest("[hidden]")) { reset(); }
    for (var node = target.parentElement; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") { node.open = true; }
    }
    target.scrollIntoView();
  }

  function reset() {
    names.forEach(function (name) { inputs[name].value = ""; });
    apply();
  }

  function changed() {
    var hash = toHash(apply());
    history.replaceState(null, "", hash || location.pathname + location.search);
  }

  var waiting = null;
  names.forEach(function (name) {
    inputs[name].addEventListener("input", function () {
      clearTimeout(waiting);
      waiting = setTimeout(changed, name === "text" ? 150 : 0);
    });
  });
  byId("filter-reset").addEventListener("click", function () { reset(); changed(); });
  byId("expand").addEventListener("click", function () { all("#findings details").forEach(function (d) { d.open = true; }); });
  byId("collapse").addEventListener("click", function () { all("#findings details").forEach(function (d) { d.open = false; }); });

  all(".code").forEach(function (block) {
    var button = doc.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy " + block.querySelector(".eyebrow").textContent);
    button.addEventListener("click", function () {
      var code = block.querySelector("pre");
      var done = function () {
        button.textContent = "Copied";
        setTimeout(function () { button.textContent = "Copy"; }, 1500);
      };
      var select = function () { getSelection().selectAllChildren(code); };
      if (navigator.clipboard) { navigator.clipboard.writeText(code.textContent).then(done, select); } else { select(); }
    });
    block.appendChild(button);
  });

  var opened = [];
  addEventListener("beforeprint", function () {
    opened = all("details:not([open])");
    opened.forEach(function (details) { details.open = true; });
  });
  addEventListener("afterprint", function () {
    opened.forEach(function (details) { details.open = false; });
    opened = [];
  });
  addEventListener("hashchange", reveal);

  byId("filter").hidden = false;
  apply();
  reveal();
})();
