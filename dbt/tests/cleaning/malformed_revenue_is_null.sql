-- A test of the macros alone, shown as a check of the model that uses them: {{ ref('stg_event_records') }}
-- A sign or none, ASCII digits, a point and digits or none (section 2): anything else is null, and no text below fails.
with

texts as (

    select texts.revenue
    from (
        values
        ('1e3'), ('1E3'), ('1,000'), ('1,5'), ('1_000'), ('1 000'), ('0x10'), ('$5'), ('5 €'), ('5 EUR'),
        ('.5'), ('5.'), ('.'), ('-'), ('+'), ('--5'), ('+-5'), ('- 5'), ('5-'), ('(5)'), ('1.2.3'), ('1..2'), ('1.-2'),
        ('NaN'), ('Infinity'), ('-infinity'), ('free'), ('null'), ('٥'), ('５'), ('−5'), (E'5\n5'), ('5.x'), ('x5'),
        (repeat('9', 200000) || 'x'), ('100000000000000'), ('-100000000000000'), ('99999999999999.99995')
    ) as texts (revenue)

)

select
    revenue,
    {{ clean_revenue('revenue') }} as accepted_as
from texts
where {{ clean_revenue('revenue') }} is not null
