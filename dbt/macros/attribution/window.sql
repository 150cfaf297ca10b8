{#- The attribution window as an interval of hours: a day is 24 hours, whatever the calendar says. -#}
{% macro attribution_window() -%}
interval '24 hours' * {{ var('attribution_window_days') }}
{%- endmacro %}


{#- The event types that can be touches, as an SQL list; a list that nothing is in when there are none. -#}
{% macro touchpoint_event_types() -%}
{%- if var('touchpoint_event_types') -%}
({% for event_type in var('touchpoint_event_types') %}{{ sql_string(event_type) }}{{ ', ' if not loop.last }}{% endfor %})
{%- else -%}
(null)
{%- endif -%}
{%- endmacro %}


{#- Whole 24-hour days from the touch to the purchase, rounded down. -#}
{% macro days_to_conversion(touch_time, purchase_time) -%}
floor(extract(epoch from ({{ purchase_time }} - {{ touch_time }})) / 86400)::integer
{%- endmacro %}
