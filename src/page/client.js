// Runs in the reader's browser, inlined by render-page.ts after uPlot. Draws what the page's data holds, computes no figure.
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
const tint = (name, percent) => `color-mix(in srgb, ${css(name)} ${percent}%, transparent)`
const narrow = () => innerWidth < 720
const two = number => String(number).padStart(2, '0')
const clock = seconds => {
  const date = new Date(Math.round(seconds) * 1000)
  const day = `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} UTC`
}
const number = value => {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(4)))
}

/** Running sum: the page holds times as differences. */
const unpacked = (start, { s, v }) => {
  let at = start
  return { x: s.map(difference => (at += difference)), y: v }
}

/** The value that holds at `at`: the last one at or before it. Undefined before the line begins, in a gap and after its end. */
const holding = ({ x, y, endsSharply }, { at, step }) => {
  let [low, high] = [0, x.length - 1]
  if (high < 0 || at < x[0]) return
  const spacing = Math.max(step, (2 * (x[high] - x[0])) / x.length) // a thinned line may end before the last point it stands for
  if (at > x[high] + (endsSharply ? 0 : spacing)) return
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (x[middle] <= at) low = middle
    else high = middle - 1
  }
  return y[low] ?? undefined
}

const unpackedChart = raw => ({
  ...raw,
  hidden: new Set(),
  lanes: raw.lanes.map(lane =>
    lane.kind === 'rows'
      ? lane
      : {
          ...lane,
          lines: lane.lines.map(line => ({ ...line, ...unpacked(raw.start, line) })),
          bands: lane.bands.map(band => ({
            ...band,
            low: unpacked(raw.start, band.low),
            high: unpacked(raw.start, band.high),
          })),
        },
  ),
})

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

const axes = bottom => [
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
    size: narrow() ? 66 : 72,
    space: 34,
    values: (_, splits) => splits.map(number),
  },
]

/** Left and right of a stretch of time inside the plot, at least two pixels apart; undefined where it is out of view. */
const edges = (plot, from, to) => {
  const { left, width } = plot.bbox
  const [start, end] = [plot.valToPos(from, 'x', true), plot.valToPos(to, 'x', true)]
  const [first, last] = [Math.max(start, left), Math.min(Math.max(end, start + 2 * devicePixelRatio), left + width)]
  return last > first ? [first, last] : undefined
}

/** Shades what is history or known already, and the marked spans. */
const shade = chart => plot => {
  const { ctx, bbox } = plot
  const fill = (from, to, colour) => {
    const found = edges(plot, from, to)
    if (!found) return
    ctx.fillStyle = colour
    ctx.fillRect(found[0], bbox.top, found[1] - found[0], bbox.height)
  }
  if (chart.shadedUntil > chart.start) fill(chart.start, chart.shadedUntil, css('--history'))
  for (const [from, to] of chart.spans) fill(from + chart.start, to + chart.start, tint('--c-violation', 26))
}

/** The names of spans at the top of a lane, those that have room. */
const nameSpans = chart => plot => {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.font = `${11 * devicePixelRatio}px Inter, system-ui, sans-serif`
  ctx.fillStyle = css('--c-violation')
  ctx.textAlign = 'left'
  ctx.textBaseline = 'top'
  let free = bbox.left
  for (const [from, to, told] of chart.spans) {
    const found = edges(plot, from + chart.start, to + chart.start)
    const width = ctx.measureText(told).width
    if (!found) continue
    const left = Math.min(found[0], bbox.left + bbox.width - width)
    if (left < free) continue
    ctx.fillText(told, left, bbox.top - 14 * devicePixelRatio)
    free = left + width + 8 * devicePixelRatio
  }
  ctx.restore()
}

const rangeOf = range => (_, low, high) => {
  if (Array.isArray(range)) return range
  if (range !== 'data') return [0, (high || 1) * 1.08]
  const space = (high - low) * 0.08 || Math.abs(high) * 0.08 || 1
  return [low >= 0 && low < (high - low) / 2 ? 0 : low - space, high + space]
}

const options = (chart, { height, bottom, series, bands, draw, range, stepped, top }) => ({
  width: 300,
  height: height + (bottom ? 36 : 8) + (top ?? 0),
  padding: [8 + (top ?? 0), 18, 0, 0],
  tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
  legend: { show: false },
  cursor: { y: false, points: { show: false }, drag: { x: true, y: false, dist: 5 }, sync: { key: chart.id } },
  scales: { x: { time: true }, y: { range: rangeOf(range) } },
  axes: axes(bottom),
  series: [
    {},
    ...series.map(one => ({
      points: { show: false },
      width: 1.5,
      ...(stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
      ...one,
    })),
  ],
  bands,
  hooks: { drawClear: [shade(chart)], draw },
})

/** Drawn in this order: lines that lie below, the edges of bands, the other lines, the first of the readout last. */
const lineLane = (chart, lane, { host, bottom, isFirst }) => {
  const drawn = lane.lines.toReversed()
  const lineSeries = line => ({
    key: line,
    group: line.group,
    stroke: () => css(line.stroke.colour),
    dash: line.stroke.dash,
    ...(line.width ? { width: line.width } : {}),
    ...(line.isFilled ? { fill: () => tint(line.stroke.colour, 12) } : {}),
  })
  const edge = (band, key, isDrawn) => ({
    key,
    stroke: isDrawn ? () => css(band.stroke.colour) : 'transparent',
    width: 0.75,
    dash: [2, 3],
  })
  const series = [
    ...drawn.filter(line => line.isBelow).map(lineSeries),
    ...lane.bands.flatMap(band => [edge(band, band.high, true), edge(band, band.low, !band.isUpper)]),
    ...drawn.filter(line => !line.isBelow).map(lineSeries),
  ]
  const placeOf = line => 1 + series.findIndex(({ key }) => key === line)
  const bands = lane.bands.map(band => ({
    series: [placeOf(band.high), placeOf(band.low)],
    fill: () => tint(band.stroke.colour, Math.round(100 * Number(css('--fan')))),
  }))
  const { heightPixels: height, range, isStepped: stepped } = lane
  const named = isFirst && chart.spans.length > 0
  const draw = named ? [nameSpans(chart)] : []
  const setup = options(chart, { height, bottom, series, bands, draw, range, stepped, top: named ? 14 : 0 })
  const plot = new uPlot(setup, uPlot.join(series.map(({ key }) => [key.x, key.y])), host)
  const hide = () => {
    for (const [index, { group }] of series.entries()) {
      if (group !== undefined) plot.setSeries(index + 1, { show: !chart.hidden.has(group) })
    }
  }
  return { plot, hide }
}

/** One row each; a mark is at least two pixels wide however far one zooms out. */
const rowLane = (chart, lane, { host, bottom }) => {
  const count = lane.rows.length
  const draw = plot => {
    const height = plot.bbox.height / count
    for (const [index, row] of lane.rows.entries()) {
      if (chart.hidden.has(row.group)) continue
      plot.ctx.fillStyle = css(row.markColour)
      for (const [from, to] of row.marks) {
        const found = edges(plot, chart.start + from, chart.start + to)
        if (found) plot.ctx.fillRect(found[0], plot.bbox.top + height * (index + 0.2), found[1] - found[0], height * 0.6)
      }
    }
  }
  const setup = options(chart, {
    height: 24 * count,
    bottom,
    series: [{ stroke: 'transparent' }],
    draw: [draw],
    range: [0, count],
  })
  setup.axes[1].splits = () => lane.rows.map((_, index) => count - index - 0.5)
  setup.axes[1].values = () => lane.rows.map(({ title }) => title.slice(0, 11))
  setup.axes[1].grid.show = false
  const frame = [
    [chart.start, chart.end],
    [0, 0],
  ]
  const plot = new uPlot(setup, frame, host)
  return { plot, hide: () => plot.redraw() }
}

const bandText = (band, when) => {
  const [low, high] = [holding(band.low, when), holding(band.high, when)]
  if (low === undefined || high === undefined) return band.absent
  return band.isUpper ? number(high) : `${number(low)} to ${number(high)}`
}

const lineText = (line, when) => {
  const value = holding(line, when)
  return value === undefined ? (line.absent ?? 'no data') : number(value)
}

/** Texts of one lane at a time, in the order of its readout; `warn` where a row is marked. */
const readLane = (chart, lane, at) => {
  const when = { at, step: chart.step }
  if (lane.kind === 'lines') {
    return [
      ...lane.lines.map(line => ({ text: lineText(line, when) })),
      ...lane.bands.map(band => ({ text: bandText(band, when) })),
    ]
  }
  return lane.rows.map(({ marks, suffix, idle }) => {
    const mark = marks.find(([from, to]) => chart.start + from <= at && at < chart.start + to)
    if (mark) return { text: `${mark[2]} ${suffix}`, warn: true }
    return { text: at < chart.shadedUntil ? 'history' : idle }
  })
}

const reader = (chart, root) => at => {
  root.querySelector('.when').textContent = clock(at)
  for (const [index, lane] of chart.lanes.entries()) {
    for (const [place, { text, warn }] of readLane(chart, lane, at).entries()) {
      const cell = root.querySelector(`[data-read="${index}-${place}"]`)
      cell.textContent = text
      cell.classList.toggle('warn', Boolean(warn))
    }
  }
}

const keyboard = ({ start, end }, plots, { panel, zoom }) => {
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
      0: () => zoom(start, end),
    }
    if (!actions[event.key] || event.target.tagName === 'BUTTON') return
    event.preventDefault()
    actions[event.key]()
  })
}

const buttons = (chart, drawn, { root, zoom, panel }) => {
  for (const button of root.querySelectorAll('button[data-group]')) {
    button.addEventListener('click', () => {
      const { group } = button.dataset
      if (!chart.hidden.delete(group)) chart.hidden.add(group)
      button.setAttribute('aria-pressed', String(!chart.hidden.has(group)))
      for (const { hide } of drawn) hide()
    })
  }
  for (const button of root.querySelectorAll('button[data-from]')) {
    button.addEventListener('click', () => {
      zoom(Number(button.dataset.from), Number(button.dataset.to))
      if (!panel.contains(button)) panel.scrollIntoView({ block: 'nearest' })
    })
  }
}

const drawChart = (raw, root) => {
  const chart = unpackedChart(raw)
  const panel = root.querySelector('.charts')
  const hosts = [...panel.querySelectorAll('.plot')]
  const drawn = chart.lanes.map((lane, index) => {
    const place = { host: hosts[index], bottom: index === chart.lanes.length - 1, isFirst: index === 0 }
    return lane.kind === 'rows' ? rowLane(chart, lane, place) : lineLane(chart, lane, place)
  })
  const plots = drawn.map(({ plot }) => plot)
  const zoom = (from, to) => {
    const [min, max] = [Math.max(chart.start, from), Math.min(chart.end, to)]
    if (max - min >= 4 * chart.step) for (const plot of plots) plot.setScale('x', { min, max })
  }
  zoom(chart.start, chart.end)
  zoom(chart.opensAt, chart.end)
  const read = reader(chart, panel)
  read(chart.end)
  for (const plot of plots) plot.hooks.setCursor = [() => plot.cursor.left >= 0 && read(plot.posToVal(plot.cursor.left, 'x'))]
  buttons(chart, drawn, { root, zoom, panel })
  keyboard(chart, plots, { panel, zoom })
  const fillWidth = () => {
    for (const [index, plot] of plots.entries()) plot.setSize({ width: hosts[index].clientWidth, height: plot.height })
  }
  new ResizeObserver(fillWidth).observe(hosts[0])
  fillWidth()
  matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => {
    for (const plot of plots) plot.redraw(true, true)
  })
}

for (const raw of JSON.parse(document.getElementById('data').textContent)) drawChart(raw, document.getElementById(raw.id))
