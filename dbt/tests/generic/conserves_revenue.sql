{#- The total equals the total revenue of the staged purchases, to the last decimal (attribution rules, section 5). -#}
{% test conserves_revenue(model, revenue='attributed_revenue') %}
with

credited as (
    select coalesce(sum({{ revenue }}), 0) as total from {{ model }}
),

staged as (
    select coalesce(sum(revenue), 0) as total
    from {{ ref('stg_events') }}
    where event_type = 'purchase'
)

select
    credited.total as credited_revenue,
    staged.total as staged_revenue
from credited
cross join staged
where credited.total != staged.total
{% endtest %}


{#- Each purchase's credits sum exactly to its revenue, in every model asked for; none is missing, none is added. -#}
{% test conserves_revenue_by_purchase(model) %}
with

credited as (
    select
        purchase_id,
        model,
        sum(attributed_revenue) as revenue
    from {{ model }}
    group by purchase_id, model
),

expected as (
    select
        events.event_id as purchase_id,
        models.model,
        events.revenue
    from {{ ref('stg_events') }} as events
    cross join ({{ multi_touch_models() }}) as models
    where events.event_type = 'purchase'
)

select
    purchase_id,
    model,
    credited.revenue as credited_revenue,
    expected.revenue as expected_revenue
from credited
full outer join expected using (purchase_id, model)
where credited.revenue is distinct from expected.revenue
{% endtest %}
