{#- purchase_time - window <= touch_time <= purchase_time, both ends included (attribution rules, section 4). -#}
{% test credits_within_window(model, touch_time) %}
select
    purchase_id,
    purchase_time,
    {{ touch_time }}
from {{ model }}
where
    {{ touch_time }} > purchase_time
    or {{ touch_time }} < purchase_time - {{ attribution_window() }}
{% endtest %}


{#- Whole days from 0 to the length of the window. -#}
{% test days_to_conversion_within_window(model) %}
select
    purchase_id,
    days_to_conversion
from {{ model }}
where
    days_to_conversion < 0
    or days_to_conversion > {{ var('attribution_window_days') }}
{% endtest %}


{#- A purchase without a valid touchpoint is credited to direct, and only such a one has no touch time. -#}
{% test direct_without_touch(model, touch_time) %}
select
    purchase_id,
    attributed_channel,
    {{ touch_time }}
from {{ model }}
where ({{ touch_time }} is null) != (touch_id is null)
    or ({{ touch_time }} is null and attributed_channel != 'direct')
    or ({{ touch_time }} is not null and attributed_channel = 'direct')
{% endtest %}
