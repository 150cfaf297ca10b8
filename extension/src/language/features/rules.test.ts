import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Problem } from './diagnosticsProblem';
import { projectOf } from './fixture';
import { ruleProblems } from './rules';

const VARIABLES = 'name: shop\nprofile: shop\nvars:\n  attribution_window_days: 30\n';
const MACROS = `
{% macro attribution_window() %}interval '24 hours' * {{ var('attribution_window_days') }}{% endmacro %}
{% macro days_to_conversion(touch_time, purchase_time) %}floor(extract(epoch from ({{ purchase_time }} - {{ touch_time }})) / 86400)::integer{% endmacro %}
`;

function problemsIn(sql: string, { file = 'models/marts/credit.sql', files = {} }: { file?: string; files?: Record<string, string> } = {}): Problem[] {
  const fixture = projectOf({ 'dbt_project.yml': VARIABLES, 'models/int_touchpoints.sql': 'select 1 as touch_id', 'models/int_purchases.sql': 'select 1 as purchase_id', ...files, [file]: sql });
  const document = fixture.project.sql(fixture.path(file));
  assert.ok(document);
  return ruleProblems(fixture.project, fixture.path(file), document);
}

/** What the rules find, as `name: text`. */
function found(sql: string, options: { file?: string; files?: Record<string, string> } = {}): string[] {
  return problemsIn(sql, options).map(({ code, span }) => `${code.replace('attribution/', '')}: ${sql.slice(span.start, span.end)}`);
}

/** The text after the first fix of the first problem. */
function fixed(sql: string, options: { file?: string; files?: Record<string, string> } = {}): string {
  const [fix] = problemsIn(sql, options)[0]?.fixes?.() ?? [];
  let text = sql;
  for (const { span, text: replacement } of [...(fix?.changes ?? [])].sort((one, other) => other.span.start - one.span.start)) text = text.slice(0, span.start) + replacement + text.slice(span.end);
  return text;
}

const JOINED = (condition: string): string => `
select touchpoints.touch_id
from {{ ref('int_purchases') }} as purchases
left join {{ ref('int_touchpoints') }} as touchpoints
    on purchases.client_id = touchpoints.client_id
    and ${condition}
`;

test('a project that is not about attribution is not held to its rules', () => {
  const files = { 'dbt_project.yml': 'name: shop\nprofile: shop\n', 'models/orders.yml': "models:\n  - name: orders\n    columns:\n      - name: channel\n        data_tests:\n          - accepted_values: {values: ['web', 'store']}\n" };
  const found = (others: Record<string, string>): number => {
    const fixture = projectOf({ ...files, 'models/marts/orders.sql': "select channel = 'app' as is_app from {{ ref('purchases') }}", ...others });
    const document = fixture.project.sql(fixture.path('models/marts/orders.sql'));
    assert.ok(document);
    return ruleProblems(fixture.project, fixture.path('models/marts/orders.sql'), document).length;
  };
  assert.deepEqual([found({}), found({ 'models/touchpoints.sql': 'select 1 as id' })], [0, 1]);
});

test('a window that is written out', () => {
  for (const length of ["interval '30 days'", "interval '720 hours'", "interval '30' day", "'30 days'::interval", "30 * interval '1 day'", "interval '24 hours' * 30", 'make_interval(days => 30)', 'make_interval(hours => 720)', 'make_interval(0, 0, 0, 30)']) {
    const sql = JOINED(`touchpoints.touch_time >= purchases.purchase_time - ${length}`);
    assert.deepEqual(found(sql), [`hard-coded-window: ${length}`]);
    assert.equal(fixed(sql), JOINED("touchpoints.touch_time >= purchases.purchase_time - interval '24 hours' * {{ var('attribution_window_days') }}"));
    assert.equal(fixed(sql, { files: { 'macros/window.sql': MACROS } }), JOINED('touchpoints.touch_time >= purchases.purchase_time - {{ attribution_window() }}'));
  }
  assert.deepEqual(found(JOINED("touchpoints.touch_time + interval '30 days' >= purchases.purchase_time")), ["hard-coded-window: interval '30 days'"]);
  assert.deepEqual(found(JOINED("touchpoints.touch_time between purchases.purchase_time - interval '30 days' and purchases.purchase_time")), ["hard-coded-window: interval '30 days'"]);
  assert.deepEqual(found("select purchase_time - interval '30 days' as window_start from purchases"), ["hard-coded-window: interval '30 days'"]);
  assert.deepEqual(found('select 1 from credits where days_to_conversion <= 30'), ['hard-coded-window: 30']);
  assert.deepEqual(found('select 1 from credits where days_to_conversion between 0 and 30'), ['hard-coded-window: 30']);
  assert.deepEqual(found(JOINED('extract(epoch from purchases.purchase_time - touchpoints.touch_time) <= 2592000')), ['hard-coded-window: 2592000']);
  assert.equal(fixed('select 1 from credits where days_to_conversion <= 30'), "select 1 from credits where days_to_conversion <= {{ var('attribution_window_days') }}");
});

test('dateadd with a window that is written out', () => {
  const sql = (call: string): string => `select 1 from pairs where touch_time >= {{ ${call} }}`;
  assert.deepEqual(found(sql("dbt.dateadd('day', -30, 'purchase_time')")), ["hard-coded-window: dbt.dateadd('day', -30, 'purchase_time')"]);
  assert.equal(fixed(sql("dbt.dateadd('day', -30, 'p.purchase_time')")), "select 1 from pairs where touch_time >= p.purchase_time - interval '24 hours' * {{ var('attribution_window_days') }}");
  assert.deepEqual(found(sql("dbt.dateadd('day', -7, 'purchase_time')")), []);
  assert.deepEqual(found(sql("dbt.dateadd('day', -30, 'touch_time')")), []);
});

test('another thirty is none', () => {
  for (const sql of [
    JOINED('touchpoints.touch_time >= purchases.purchase_time - {{ attribution_window() }}'),
    "select 1 from purchases where purchase_time >= now() - interval '30 days'",
    "select 1 from touches where touch_time >= current_date - 30",
    "select 1 from sessions where started_at - interval '30 days' < ended_at -- touches",
    "select purchase_time + interval '30 days' as refund_until from purchases",
    "select purchase_time - interval '1 day' as day_before from purchases",
    "select touch_time::numeric(30, 2), left(channel, 30) from touches",
    "select case when days_to_conversion <= 30 then 'month' else 'later' end as bucket from credits",
    "select 30 as touch_limit from touches limit 30",
    "select 1 from purchases where revenue > 30 and purchase_time is not null",
  ]) assert.deepEqual(found(sql), [], sql);
});

test('days of the calendar for the window', () => {
  for (const [condition, text] of [
    ['purchases.purchase_time::date - touchpoints.touch_time::date <= {{ var(\'attribution_window_days\') }}', 'purchases.purchase_time::date - touchpoints.touch_time::date'],
    ['date(touchpoints.touch_time) >= date(purchases.purchase_time) - {{ var(\'attribution_window_days\') }}', 'date(touchpoints.touch_time) >= date(purchases.purchase_time)'],
    ["date_trunc('day', touchpoints.touch_time) <= date_trunc('day', purchases.purchase_time)", "date_trunc('day', touchpoints.touch_time) <= date_trunc('day', purchases.purchase_time)"],
    ['cast(touchpoints.touch_time as date) <= purchases.purchase_time', 'cast(touchpoints.touch_time as date)'],
    ["date_part('day', purchases.purchase_time - touchpoints.touch_time) <= 7", "date_part('day', purchases.purchase_time - touchpoints.touch_time)"],
    ['extract(day from purchases.purchase_time - touchpoints.touch_time) <= 7', 'extract(day from purchases.purchase_time - touchpoints.touch_time)'],
  ] as const) assert.deepEqual(found(JOINED(condition)), [`calendar-days: ${text}`]);
  assert.equal(fixed('select a.purchase_time::date - b.touch_time::date as days from pairs'), 'select floor(extract(epoch from (a.purchase_time - b.touch_time)) / 86400)::integer as days from pairs');
  assert.equal(fixed('select purchase_time::date - touch_time::date as days from pairs', { files: { 'macros/window.sql': MACROS } }), "select {{ days_to_conversion('touch_time', 'purchase_time') }} as days from pairs");
  assert.equal(fixed(JOINED('touchpoints.touch_time::date <= purchases.purchase_time::date')), JOINED('touchpoints.touch_time <= purchases.purchase_time'));
  assert.equal(fixed("select {{ dbt.datediff('touch_time', 'purchase_time', 'day') }} as days from pairs"), 'select floor(extract(epoch from (purchase_time - touch_time)) / 86400)::integer as days from pairs');
});

test('days of the calendar for a report are right', () => {
  for (const sql of [
    'select purchase_time::date as day, touch_time::date as touch_day from credits',
    "select date_trunc('day', purchase_time) as day, count(*) from purchases group by 1",
    "select coalesce(touch_time::date, purchase_time::date) as day from credits",
    'select 1 from purchases where purchase_time::date >= current_date - 7',
    "select extract(day from purchase_time) from purchases",
    "select {{ days_to_conversion('touch_time', 'purchase_time') }} as days from pairs",
  ]) assert.deepEqual(found(sql), [], sql);
});

test('an end of the window that is left out', () => {
  for (const [condition, text] of [
    ['touchpoints.touch_time < purchases.purchase_time', '<'],
    ['purchases.purchase_time > touchpoints.touch_time', '>'],
    ['touchpoints.touch_time > purchases.purchase_time - {{ attribution_window() }}', '>'],
    ['purchases.purchase_time - {{ attribution_window() }} < touchpoints.touch_time', '<'],
    ['touchpoints.touch_time + {{ attribution_window() }} > purchases.purchase_time', '>'],
    ['purchases.purchase_time - touchpoints.touch_time < {{ attribution_window() }}', '<'],
    ["days_to_conversion < {{ var('attribution_window_days') }}", '<'],
  ] as const) {
    assert.deepEqual(found(JOINED(condition)), [`window-edge: ${text}`], condition);
    assert.equal(fixed(JOINED(condition)), JOINED(condition.replace(` ${text} `, ` ${text}= `)));
  }
  assert.deepEqual(found("select 1 from {{ ref('int_touchpoints') }} t join {{ ref('int_purchases') }} p on t.client_id = p.client_id and t.event_time < p.event_time", { file: 'models/int_pairs.sql' }), ['window-edge: <']);
});

test('what is outside of the window is strictly outside', () => {
  for (const condition of [
    'touchpoints.touch_time <= purchases.purchase_time',
    'touchpoints.touch_time >= purchases.purchase_time - {{ attribution_window() }}',
    'touchpoints.touch_time < purchases.purchase_time - {{ attribution_window() }}',
    'touchpoints.touch_time > purchases.purchase_time',
    'touchpoints.touch_time between purchases.purchase_time - {{ attribution_window() }} and purchases.purchase_time',
    "days_to_conversion > {{ var('attribution_window_days') }}",
    'days_to_conversion < 0',
    'not (touchpoints.touch_time < purchases.purchase_time)',
    'touchpoints.touch_time < now()',
    'touchpoints.touch_position < purchases.position',
    'first_touch_time < last_touch_time',
  ]) assert.deepEqual(found(JOINED(condition)), [], condition);
});

test('touches ordered by time alone', () => {
  for (const [sql, ordered] of [
    ['select row_number() over (partition by purchase_id order by touch_time) as n from touches', 'touch_time'],
    ['select first_value(channel) over (partition by purchase_id order by touches.touch_time desc) as c from touches', 'touches.touch_time desc'],
    ['select distinct on (purchase_id) channel from touches order by purchase_id, touch_time', 'touch_time'],
    ['select (select channel from touches order by touch_time desc limit 1) as c from purchases', 'touch_time desc'],
    ["select array_agg(channel order by touch_time) from touches group by client_id", 'touch_time'],
    ['select row_number() over numbered from touches window numbered as (partition by purchase_id order by touch_time)', 'touch_time'],
    ["select row_number() over (partition by client_id order by event_time) as n from {{ ref('int_touchpoints') }}", 'event_time'],
  ] as const) assert.deepEqual(found(sql), [`tie-breaker: ${ordered}`], sql);
  assert.equal(fixed('select row_number() over (order by t.touch_time desc) from touches as t'), 'select row_number() over (order by t.touch_time desc, t.source_file collate "C" desc, t.record_number desc) from touches as t');
  assert.equal(
    fixed("select row_number() over (order by t.touch_time) from {{ ref('touches') }} as t", { files: { 'models/touches.sql': 'select 1 as touch_id, now() as touch_time' } }),
    "select row_number() over (order by t.touch_time, t.touch_id) from {{ ref('touches') }} as t",
  );
});

test('an order that decides nothing, or decides all', () => {
  for (const sql of [
    'select row_number() over (partition by purchase_id order by touch_time, source_file collate "C", record_number) as n from touches',
    'select * from touches order by touch_time',
    'select row_number() over (partition by purchase_id order by touch_time, ',
    'select sum(revenue) over (partition by client_id order by touch_time) from touches',
    'select row_number() over (partition by client_id order by purchase_time) from purchases',
    'select row_number() over (partition by client_id order by touch_time, touch_id) from touches',
    'select row_number() over (partition by client_id order by event_time) from events -- touches',
  ]) assert.deepEqual(found(sql), [], sql);
});

const JOIN = (join: string): string => `select purchases.purchase_id from {{ ref('int_purchases') }} as purchases ${join}`;

test('touches joined without their client', () => {
  const touches = "{{ ref('int_touchpoints') }}";
  for (const join of [
    `left join ${touches} as touches on touches.touch_time <= purchases.purchase_time`,
    `left join ${touches} as touches on touches.session_id = purchases.session_id`,
    `cross join ${touches} as touches`,
    `left join ${touches} as touches using (session_id)`,
    `left join lateral (select touch_id from ${touches} as touches where touches.touch_time <= purchases.purchase_time limit 1) as touches on true`,
  ]) assert.deepEqual(found(JOIN(join)).map((one) => one.split(':')[0]), ['join-without-client'], join);
  assert.equal(
    fixed(JOIN(`left join ${touches} as touches on touches.touch_time <= purchases.purchase_time`)),
    JOIN(`left join ${touches} as touches on purchases.client_id = touches.client_id and touches.touch_time <= purchases.purchase_time`),
  );
  for (const join of [
    `left join ${touches} as touches on touches.client_id = purchases.client_id`,
    `left join ${touches} as touches on purchases.customer_id = touches.customer_id and touches.touch_time <= purchases.purchase_time`,
    `left join ${touches} as touches using (client_id)`,
    `left join ${touches} as touches on touches.purchase_id = purchases.purchase_id`,
    `left join lateral (select touch_id from ${touches} as touches where touches.client_id = purchases.client_id limit 1) as touches on true`,
    `left join ${touches} as touches on {{ same_client('touches', 'purchases') }}`,
    "left join {{ ref('int_purchase_touches') }} as purchase_touches on purchase_touches.touch_time <= purchases.purchase_time",
    'left join sessions on sessions.started_at <= purchases.purchase_time',
    `left join ${touches} as touches on`,
    `left join lateral (select touch_id from ${touches} as touches where`,
  ]) assert.deepEqual(found(JOIN(join)), [], join);
});

test('a mart that loses purchases', () => {
  const touches = "{{ ref('int_touchpoints') }} as touches on touches.client_id = purchases.client_id";
  assert.deepEqual(found(JOIN(`inner join ${touches}`)), ['lost-purchases: inner join']);
  assert.deepEqual(found(JOIN(`join ${touches}`)), ['lost-purchases: join']);
  assert.equal(fixed(JOIN(`inner join ${touches}`)), JOIN(`left join ${touches}`));
  assert.equal(fixed(JOIN(`join ${touches}`)), JOIN(`left join ${touches}`));
  assert.deepEqual(found(JOIN(`left join ${touches}`)), []);
  assert.deepEqual(found(JOIN(`inner join ${touches}`), { file: 'models/intermediate/int_pairs.sql' }), []);
  assert.deepEqual(found(`${JOIN(`inner join ${touches}`)} union all select purchase_id from purchases where not exists (select 1 from touches)`), []);
});

test('a channel that nobody knows', () => {
  const yaml = 'models:\n  - name: int_touchpoints\n    columns:\n      - name: channel\n        data_tests:\n          - accepted_values:\n              arguments:\n                values: [email, podcast]\n';
  for (const sql of ["select 1 from touches where channel = 'emial'", "select 1 from touches where touches.channel in ('email', 'emial')", "select 'emial' as attributed_channel", "select coalesce(channel, 'emial') as channel from touches", "select case channel when 'emial' then 1 end as paid from touches", "select case when x then 'emial' else 'email' end as channel from touches"]) {
    assert.deepEqual(found(sql), ["unknown-channel: 'emial'"], sql);
    assert.equal(fixed(sql), sql.replace('emial', 'email'));
  }
  assert.deepEqual(found("select 1 from touches where channel in ('podcast', 'social')", { files: { 'models/touches.yml': yaml } }), ["unknown-channel: 'social'"]);
  for (const sql of ["select 1 from touches where channel != 'direct'", "select 'email' as channel, 'x' as campaign", "select 1 from touches where campaign = 'emial'", "select 1 from touches where sales_channel = 'store'", "select case when channel = 'email' then 'owned' end as kind from touches", "select channel || 'x' as shown from touches"]) assert.deepEqual(found(sql), [], sql);
  assert.deepEqual(found("select case channel when 'adwords' then 'paid_search' end as channel from {{ source('raw', 'touches') }}"), []);
});

test('a comment silences a rule, on its line or above', () => {
  const sql = (before: string, behind: string): string => `select 1 from touches\n${before}where channel = 'emial'${behind}\n`;
  assert.deepEqual(found(sql('-- attribution: ignore unknown-channel\n', '')), []);
  assert.deepEqual(found(sql('', ' -- attribution: ignore unknown-channel')), []);
  assert.deepEqual(found(sql('', ' -- attribution: ignore')), []);
  assert.deepEqual(found(sql('', ' -- attribution: ignore tie-breaker, unknown-channel')), []);
  assert.equal(found(sql('', ' -- attribution: ignore tie-breaker')).length, 1);
  const [problem] = problemsIn(sql('    ', ''));
  const ignore = problem?.fixes?.().at(-1);
  assert.deepEqual(ignore?.changes.map(({ text }) => text), ['    -- attribution: ignore unknown-channel\n']);
});
