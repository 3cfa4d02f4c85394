// Runs in the reader's browser, inlined by render-report.ts after uPlot. Draws what the page's data holds, computes no score.
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
const narrow = () => innerWidth < 720
const two = number => String(number).padStart(2, '0')
const clock = seconds => {
  const date = new Date(seconds * 1000)
  const day = `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} UTC`
}
const number = value => {
  if (value === undefined || value === null) return 'no data'
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(4)))
}

/** Running sum: the page holds times as differences. */
const times = (differences, start) => {
  let at = start
  return differences.map(difference => (at += difference))
}

/** The value that holds at `at`: the last one at or before it. */
const holding = (line, at) => {
  let [low, high] = [0, line.x.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (line.x[middle] <= at) low = middle
    else high = middle - 1
  }
  return line.y[low]
}

const readTrace = raw => {
  const line = ({ s, v }) => ({ x: times(s, raw.start), y: v })
  return {
    ...raw,
    load: line(raw.load),
    band: raw.band && { low: line(raw.band.low), high: line(raw.band.high), name: raw.band.name },
    scalers: raw.scalers.map(scaler => ({
      ...scaler,
      shown: true,
      ready: line(scaler.ready),
      bad: scaler.bad.map(([from, to, missing]) => ({ from: raw.start + from, to: raw.start + to, missing })),
    })),
  }
}

/** 24 h clock; the date where a day begins, and under the first label. */
const timeLabels = (_, splits, ...rest) => {
  const step = rest[2] // after the axis' index and the space: seconds between two labels
  return splits.map((at, index) => {
    const date = new Date(at * 1000)
    const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}${step < 60 ? `:${two(date.getUTCSeconds())}` : ''}`
    const day = `${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
    if (step >= 86400) return day
    return index === 0 || at % 86400 === 0 ? `${time}\n${day}` : time
  })
}

const axes = (bottom, format) => [
  {
    show: true,
    stroke: () => css('--text-3'),
    grid: { stroke: () => css('--line'), width: 1 },
    ticks: { show: false },
    font: '11px Inter, system-ui, sans-serif',
    size: bottom ? 36 : 8,
    space: 70,
    values: bottom ? timeLabels : (_, splits) => splits.map(() => ''),
  },
  {
    stroke: () => css('--text-3'),
    grid: { stroke: () => css('--line'), width: 1 },
    ticks: { show: false },
    font: '11px Inter, system-ui, sans-serif',
    size: narrow() ? 60 : 72,
    space: 34,
    values: format ?? ((_, splits) => splits.map(value => number(value))),
  },
]

/** Shades what came before scoring: it is history, nobody was judged on it. */
const shadeHistory = trace => plot => {
  const end = Math.min(plot.bbox.left + plot.bbox.width, plot.valToPos(trace.scoredFrom, 'x', true))
  if (end <= plot.bbox.left) return
  plot.ctx.fillStyle = css('--history')
  plot.ctx.fillRect(plot.bbox.left, plot.bbox.top, end - plot.bbox.left, plot.bbox.height)
}

const options = ({ trace, height, bottom, format, series, bands, draw, range, paths }) => ({
  width: 300,
  height: height + (bottom ? 36 : 8),
  padding: [8, 18, 0, 0],
  tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
  legend: { show: false },
  cursor: { y: false, points: { show: false }, drag: { x: true, y: false, dist: 5 }, sync: { key: trace.key } },
  scales: { x: { time: true }, y: { range: range ?? ((_, _low, high) => [0, (high || 1) * 1.08]) } },
  axes: axes(bottom, format),
  series: [{}, ...series.map(one => ({ points: { show: false }, width: 1.5, ...(paths ? { paths } : {}), ...one }))],
  ...(bands ? { bands } : {}),
  hooks: { drawClear: [shadeHistory(trace)], draw: draw ? [draw] : [] },
})

const loadLane = (trace, host) => {
  const band = trace.band
  const tables = [[trace.load.x, trace.load.y]]
  const series = [{ label: 'load', stroke: () => css('--c-load') }]
  if (band) {
    tables.push([band.high.x, band.high.y], [band.low.x, band.low.y])
    const edge = { stroke: () => css('--c-forecast'), width: 0.75, dash: [2, 3] }
    series.push({ label: 'high', ...edge }, { label: 'low', ...edge })
  }
  const fill = () => `color-mix(in srgb, ${css('--c-forecast')} ${Math.round(100 * Number(css('--fan')))}%, transparent)`
  const bands = band && [{ series: [2, 3], fill }]
  return new uPlot(options({ trace, height: 170, series, bands }), uPlot.join(tables), host)
}

const replicaLane = (trace, host) => {
  const needed = {
    x: trace.load.x,
    y: trace.load.y.map(load => (load === null ? null : Math.ceil(load / trace.capacity - 1e-9))),
  }
  trace.needed = needed
  const drawn = trace.scalers.toReversed() // the first scaler is drawn last, so it lies on top
  const tables = [[needed.x, needed.y], ...drawn.map(({ ready }) => [ready.x, ready.y])]
  const series = [
    { label: 'needed', stroke: () => css('--text-3'), dash: [1, 3], width: 0.75 },
    ...drawn.map(scaler => ({
      label: scaler.name,
      stroke: () => css(scaler.colour),
      width: scaler.ours ? 2 : 1.25,
      dash: scaler.dash,
      ...(scaler.ours ? { fill: () => `color-mix(in srgb, ${css(scaler.colour)} 12%, transparent)` } : {}),
    })),
  ]
  return new uPlot(options({ trace, height: 220, series, paths: uPlot.paths.stepped({ align: 1 }) }), uPlot.join(tables), host)
}

/** One row a scaler; a violation is at least two pixels wide however far one zooms out. */
const violationLane = (trace, host) => {
  const draw = plot => {
    const row = plot.bbox.height / trace.scalers.length
    for (const [index, scaler] of trace.scalers.entries()) {
      if (!scaler.shown) continue
      plot.ctx.fillStyle = css(scaler.ours ? '--c-violation' : scaler.colour)
      for (const { from, to } of scaler.bad) {
        const [left, right] = [plot.valToPos(from, 'x', true), plot.valToPos(to, 'x', true)]
        const [start, end] = [
          Math.max(left, plot.bbox.left),
          Math.min(Math.max(right, left + 2 * devicePixelRatio), plot.bbox.left + plot.bbox.width),
        ]
        if (end > start) plot.ctx.fillRect(start, plot.bbox.top + row * index + row * 0.2, end - start, row * 0.6)
      }
    }
  }
  const count = trace.scalers.length
  const setup = options({
    trace,
    height: 24 * count,
    bottom: true,
    series: [{ label: 'rows', stroke: 'transparent' }],
    draw,
    range: () => [0, count],
  })
  setup.axes[1].splits = () => trace.scalers.map((_, index) => count - index - 0.5)
  setup.axes[1].values = () => trace.scalers.map(({ name }) => (narrow() ? name.slice(0, 9) : name.slice(0, 11)))
  setup.axes[1].grid.show = false
  return new uPlot(
    setup,
    [
      [trace.start, trace.start + trace.seconds],
      [0, 0],
    ],
    host,
  )
}

const readouts = (trace, root) => {
  const put = (name, text, warn) => {
    const cell = root.querySelector(`[data-read="${name}"]`)
    if (!cell) return
    cell.textContent = text
    cell.classList.toggle('warn', Boolean(warn))
  }
  return at => {
    root.querySelector('.when').textContent = clock(at)
    put('load', number(holding(trace.load, at)))
    put('needed', number(holding(trace.needed, at)))
    if (trace.band) {
      const [low, high] = [holding(trace.band.low, at), holding(trace.band.high, at)]
      const known = at >= trace.band.low.x[0] && low !== null && high !== null
      put('band', known ? `${number(low)} to ${number(high)}` : 'no forecast')
    }
    for (const [index, scaler] of trace.scalers.entries()) {
      put(`ready${index}`, number(holding(scaler.ready, at)))
      const bad = scaler.bad.find(({ from, to }) => from <= at && at < to)
      put(`bad${index}`, bad ? `${bad.missing} missing` : at < trace.scoredFrom ? 'history' : 'kept', bad)
    }
  }
}

const keyboard = (trace, plots, { panel, zoom }) => {
  const { start, seconds } = trace
  const move = at => {
    for (const plot of plots) plot.setCursor({ left: plot.valToPos(at, 'x'), top: 10 })
  }
  panel.addEventListener('keydown', event => {
    const { min, max } = plots[0].scales.x
    const at = plots[0].cursor.left >= 0 ? plots[0].posToVal(plots[0].cursor.left, 'x') : min
    const [step, middle] = [(max - min) / 200, Math.min(Math.max(at, min), max)]
    const scaled = factor => zoom(middle - (middle - min) * factor, middle + (max - middle) * factor)
    const actions = {
      ArrowLeft: () => move(Math.max(min, at - step)),
      ArrowRight: () => move(Math.min(max, at + step)),
      PageUp: () => move(Math.max(min, at - 10 * step)),
      PageDown: () => move(Math.min(max, at + 10 * step)),
      Home: () => move(min),
      End: () => move(max),
      '+': () => scaled(0.5),
      '-': () => scaled(2),
      0: () => zoom(start, start + seconds),
    }
    if (!actions[event.key] || event.target.tagName === 'BUTTON') return
    event.preventDefault()
    actions[event.key]()
  })
}

const drawTrace = (raw, root, key) => {
  const trace = { ...readTrace(raw), key }
  const hosts = [...root.querySelectorAll('.plot')]
  const plots = [loadLane(trace, hosts[0]), replicaLane(trace, hosts[1]), violationLane(trace, hosts[2])]
  const end = trace.start + trace.seconds
  const zoom = (from, to) => {
    const [min, max] = [Math.max(trace.start, from), Math.min(end, to)]
    if (max - min >= 4 * trace.tick) for (const plot of plots) plot.setScale('x', { min, max })
  }
  zoom(trace.start, end)
  const read = readouts(trace, root)
  read(end)
  for (const plot of plots) plot.hooks.setCursor = [() => plot.cursor.left >= 0 && read(plot.posToVal(plot.cursor.left, 'x'))]
  for (const [index, button] of [...root.querySelectorAll('button[data-scaler]')].entries()) {
    button.addEventListener('click', () => {
      const scaler = trace.scalers[index]
      scaler.shown = !scaler.shown
      button.setAttribute('aria-pressed', String(scaler.shown))
      plots[1].setSeries(1 + trace.scalers.length - index, { show: scaler.shown })
      plots[2].redraw()
    })
  }
  root.querySelector('button[data-all]').addEventListener('click', () => zoom(trace.start, end))
  root.querySelector('button[data-scored]').addEventListener('click', () => zoom(trace.scoredFrom, end))
  keyboard(trace, plots, { panel: root.querySelector('.charts'), zoom })
  const fillWidth = () => {
    for (const [index, plot] of plots.entries()) plot.setSize({ width: hosts[index].clientWidth, height: plot.height })
  }
  new ResizeObserver(fillWidth).observe(hosts[0])
  fillWidth()
  matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => {
    for (const plot of plots) plot.redraw(true, true)
  })
}

const traces = JSON.parse(document.getElementById('data').textContent)
for (const [index, raw] of traces.entries()) drawTrace(raw, document.getElementById(`trace-${index}`), `trace-${index}`)
