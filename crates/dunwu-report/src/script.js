(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const epochs = data.epochs;
  const SVG = "#charts svg[data-last], figure[data-figure] svg[data-last]";

  const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
  function write(value, percent) {
    if (value === null || value === undefined) return "–";
    if (percent) return +(value * 100).toFixed(1) + " %";
    const size = Math.abs(value);
    return size !== 0 && (size < 1e-4 || size >= 1e6) ? value.toExponential(2) : String(+value.toPrecision(4));
  }

  // Reading all charts at one epoch.
  const reader = $("reader"), slider = $("epoch"), charts = $("main");
  let current = epochs.length - 1;
  const place = (epoch, last) => Math.log1p(epoch) / Math.log1p(Math.max(last, 1));
  function nearest(epoch) {
    let best = 0;
    epochs.forEach((e, i) => { if (Math.abs(e - epoch) < Math.abs(epochs[best] - epoch)) best = i; });
    return best;
  }
  // The reading at an epoch, or the nearest one with its epoch: some signals are read less often.
  function reading(values, row, percent) {
    for (let d = 0; d < epochs.length; d++) {
      for (const at of [row - d, row + d]) {
        if (values[at] === null || values[at] === undefined) continue;
        return write(values[at], percent) + (d === 0 ? "" : " (epoch " + grouped(epochs[at]) + ")");
      }
    }
    return "–";
  }
  function read(row) {
    const epoch = epochs[row];
    charts.classList.add("reading");
    current = row;
    slider.value = Math.round(1000 * place(epoch, epochs[epochs.length - 1]));
    slider.setAttribute("aria-valuetext", "epoch " + epoch);
    $("epoch-value").textContent = grouped(epoch);
    const band = data.bands.find((b) => b[1] <= epoch && epoch < b[2]) || data.bands.find((b) => b[2] === epoch);
    $("stage-value").textContent = band ? "Stage: " + band[0] : "";
    charts.querySelectorAll(SVG).forEach((svg) => {
      const left = +svg.dataset.left, right = +svg.dataset.right;
      const x = left + (right - left) * place(epoch, +svg.dataset.last);
      const line = svg.querySelector(".cursor");
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
    });
    charts.querySelectorAll("figure[data-figure]").forEach((figure) => {
      const shown = data.figures[figure.dataset.figure];
      figure.querySelectorAll("output").forEach((out, i) => {
        out.textContent = reading(shown.series[i], row, shown.percent);
      });
    });
  }
  function stop() {
    charts.classList.remove("reading");
    charts.querySelectorAll("figure[data-figure] output").forEach((out) => { out.textContent = ""; });
    $("epoch-value").textContent = $("stage-value").textContent = "";
  }
  if (epochs.length > 0) {
    reader.hidden = false;
    slider.oninput = () => read(nearest(Math.expm1(+slider.value / 1000 * Math.log1p(Math.max(epochs[epochs.length - 1], 1)))));
    slider.onkeydown = (event) => {
      const move = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!move) return;
      event.preventDefault();
      read(Math.min(Math.max(current + move, 0), epochs.length - 1));
    };
    $("close-reader").onclick = stop;
    charts.querySelectorAll(SVG).forEach((svg) => {
      const follow = (event) => {
        const box = svg.getBoundingClientRect();
        const left = +svg.dataset.left, right = +svg.dataset.right;
        const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
        const share = Math.min(Math.max((x - left) / (right - left), 0), 1);
        read(nearest(Math.expm1(share * Math.log1p(+svg.dataset.last))));
      };
      svg.addEventListener("pointermove", follow);
      svg.addEventListener("pointerdown", follow);
    });
  }

  // The map of neurons and features.
  let map = 0, step = 0, timer = null;
  const bytes = [];
  function shares(i) {
    if (!bytes[i]) bytes[i] = Uint8Array.from(atob(data.maps[i].shares), (c) => c.charCodeAt(0));
    return bytes[i];
  }
  function channels(name) {
    const hex = getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
    return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  }
  function drawMap() {
    if (!data.maps || data.maps.length === 0) return;
    const shown = data.maps[map], n = shown.order.length, f = shown.names.length, from = step * n * f;
    const all = shares(map), paper = channels("card"), heat = channels("heat");
    const image = new ImageData(n, f);
    for (let neuron = 0; neuron < n; neuron++) {
      for (let feature = 0; feature < f; feature++) {
        const share = all[from + neuron * f + feature] / 255, at = 4 * (feature * n + neuron);
        for (let c = 0; c < 3; c++) image.data[at + c] = paper[c] + (heat[c] - paper[c]) * share;
        image.data[at + 3] = 255;
      }
    }
    document.querySelectorAll("#map canvas").forEach((canvas) => {
      canvas.width = n;
      canvas.height = f;
      canvas.getContext("2d").putImageData(image, 0, 0);
    });
    const epoch = shown.epochs[step], control = $("checkpoint");
    control.max = shown.epochs.length - 1;
    control.value = step;
    control.setAttribute("aria-valuetext", "epoch " + epoch);
    $("checkpoint-value").textContent = "epoch " + grouped(epoch);
  }
  function pause() {
    clearInterval(timer);
    timer = null;
    $("play").textContent = "▶ Play";
  }
  function play() {
    if (timer) return pause();
    if (step === data.maps[map].epochs.length - 1) step = 0;
    drawMap();
    $("play").textContent = "❚❚ Pause";
    timer = setInterval(() => {
      if (step === data.maps[map].epochs.length - 1) return pause();
      step++;
      drawMap();
    }, 450);
  }
  function inspect(event) {
    const canvas = event.currentTarget, box = canvas.getBoundingClientRect(), shown = data.maps[map];
    const n = shown.order.length, f = shown.names.length;
    const column = Math.min(n - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * n)));
    const row = Math.min(f - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * f)));
    const share = shares(map)[step * n * f + column * f + row] / 255;
    $("cell").textContent = "Neuron " + shown.order[column] + ", feature " + shown.names[row] + ": " + write(share, true);
  }
  if (data.maps.length > 0) {
    step = data.maps[0].epochs.length - 1;
    document.querySelector("#map .controls").hidden = false;
    document.querySelector("#map .scripted").hidden = true;
    document.querySelectorAll("#map .cells").forEach((cells) => { cells.style.visibility = "hidden"; });
    document.querySelectorAll("#map canvas").forEach((canvas) => {
      canvas.hidden = false;
      canvas.addEventListener("pointermove", inspect);
      canvas.addEventListener("pointerdown", inspect);
    });
    $("play").onclick = play;
    $("checkpoint").oninput = () => { pause(); step = +$("checkpoint").value; drawMap(); };
    if ($("map-seed")) {
      $("map-seed").onchange = () => {
        pause();
        map = +$("map-seed").value;
        step = Math.min(step, data.maps[map].epochs.length - 1);
        drawMap();
      };
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawMap);
    drawMap();
  }
  document.addEventListener("themechange", drawMap);

  // Where the heads of a transformer look.
  const looks = data.looks;
  let look = 0, lookTimer = null, weights = null;
  const canvases = () => document.querySelectorAll("#looks canvas");
  const panel = (canvas) => looks.panels[+canvas.dataset.panel];
  function drawLooks() {
    if (!looks) return;
    const paper = channels("card"), heat = channels("heat");
    canvases().forEach((canvas) => {
      const { from, rows } = panel(canvas), cols = looks.positions.length;
      const image = new ImageData(cols, rows), first = look * looks.one + from;
      for (let i = 0; i < cols * rows; i++) {
        const weight = weights[first + i] / 255, share = looks.root ? Math.sqrt(weight) : weight;
        for (let c = 0; c < 3; c++) image.data[4 * i + c] = paper[c] + (heat[c] - paper[c]) * share;
        image.data[4 * i + 3] = 255;
      }
      canvas.width = cols;
      canvas.height = rows;
      canvas.getContext("2d").putImageData(image, 0, 0);
    });
    const epoch = looks.epochs[look], control = $("look");
    control.value = look;
    control.setAttribute("aria-valuetext", "epoch " + epoch);
    $("look-value").textContent = "epoch " + grouped(epoch);
  }
  function pauseLooks() {
    clearInterval(lookTimer);
    lookTimer = null;
    $("play-looks").textContent = "▶ Play";
  }
  function playLooks() {
    if (lookTimer) return pauseLooks();
    const last = looks.epochs.length - 1;
    if (look === last) look = 0;
    drawLooks();
    $("play-looks").textContent = "❚❚ Pause";
    lookTimer = setInterval(() => {
      if (look === last) return pauseLooks();
      look++;
      drawLooks();
    }, 250);
  }
  function inspectLooks(event) {
    const canvas = event.currentTarget, box = canvas.getBoundingClientRect(), { from, rows, name, queries } = panel(canvas);
    const cols = looks.positions.length;
    const col = Math.min(cols - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * cols)));
    const row = Math.min(rows - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * rows)));
    const weight = weights[look * looks.one + from + row * cols + col] / 255 * looks.most;
    $("look-cell").textContent = name + ": position " + queries[row] + " gives " + write(weight, true) + " to position "
      + looks.positions[col] + ", epoch " + grouped(looks.epochs[look]) + ".";
  }
  if (looks) {
    weights = Uint8Array.from(atob(looks.weights), (c) => c.charCodeAt(0));
    look = looks.epochs.length - 1;
    document.querySelector("#looks .controls").hidden = false;
    document.querySelector("#looks .scripted").hidden = true;
    document.querySelectorAll("#looks .cells").forEach((cells) => { cells.style.visibility = "hidden"; });
    canvases().forEach((canvas) => {
      canvas.hidden = false;
      canvas.addEventListener("pointermove", inspectLooks);
      canvas.addEventListener("pointerdown", inspectLooks);
    });
    $("play-looks").onclick = playLooks;
    $("look").oninput = () => { pauseLooks(); look = +$("look").value; drawLooks(); };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawLooks);
    document.addEventListener("themechange", drawLooks);
    drawLooks();
  }
})();
