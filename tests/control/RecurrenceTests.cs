using System.Globalization;
using Broadcast.Control.Events;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class RecurrenceTests
{
    private static readonly TimeZoneInfo NewYork = Zone("America/New_York");

    /// <summary>
    /// Examples of RFC 5545, 3.8.5.3, except those with week numbers, days of the year or times within a day. They start at 9:00 in New
    /// York.
    /// </summary>
    public static TheoryData<string, string, string> Examples { get; } = new()
    {
        { "19970902", "FREQ=DAILY;COUNT=10", "0902 0903 0904 0905 0906 0907 0908 0909 0910 0911 ." },
        { "19970902", "FREQ=DAILY;UNTIL=19970905T000000Z", "0902 0903 0904 ." },
        { "19970902", "FREQ=DAILY;INTERVAL=2", "0902 0904 0906 0908" },
        { "19970902", "FREQ=DAILY;INTERVAL=10;COUNT=5", "0902 0912 0922 1002 1012 ." },
        { "19980101", "FREQ=DAILY;UNTIL=19980103T140000Z;BYMONTH=1", "0101 0102 0103 ." },
        { "19980101", "FREQ=YEARLY;UNTIL=19980103T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA", "0101 0102 0103 ." },
        { "19970902", "FREQ=WEEKLY;COUNT=10", "0902 0909 0916 0923 0930 1007 1014 1021 1028 1104 ." },
        { "19970902", "FREQ=WEEKLY;INTERVAL=2;WKST=SU", "0902 0916 0930 1014 1028 1111 1125 1209 1223" },
        { "19970902", "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH", "0902 0904 0909 0911 0916 0918 0923 0925 0930 1002 ." },
        { "19970901", "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
            "0901 0903 0905 0915 0917 0919 0929 1001 1003 1013 1015 1017 1027 1029 1031 1110 1112 1114 1124 1126 1128 1208 1210 1212 1222 ." },
        { "19970902", "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", "0902 0904 0916 0918 0930 1002 1014 1016 ." },
        { "19970905", "FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "0905 1003 1107 1205 0102 0206 0306 0403 0501 0605 ." },
        { "19970905", "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR", "0905 1003 1107 1205 ." },
        { "19970907", "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU", "0907 0928 1102 1130 0104 0125 0301 0329 0503 0531 ." },
        { "19970922", "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "0922 1020 1117 1222 0119 0216 ." },
        { "19970928", "FREQ=MONTHLY;BYMONTHDAY=-3", "0928 1029 1128 1229 0129 0226" },
        { "19970902", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", "0902 0915 1002 1015 1102 1115 1202 1215 0102 0115 ." },
        { "19970930", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "0930 1001 1031 1101 1130 1201 1231 0101 0131 0201 ." },
        { "19970910", "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
            "0910 0911 0912 0913 0914 0915 0310 0311 0312 0313 ." },
        { "19970902", "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "0902 0909 0916 0923 0930 1104 1111 1118 1125 0106 0113 0120 0127 0303" },
        { "19970610", "FREQ=YEARLY;COUNT=10;BYMONTH=6,7", "0610 0710 0610 0710 0610 0710 0610 0710 0610 0710 ." },
        { "19970310", "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3", "0310 0110 0210 0310 0110 0210 0310 0110 0210 0310 ." },
        { "19970519", "FREQ=YEARLY;BYDAY=20MO", "0519 0518 0517" },
        { "19970313", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "0313 0320 0327 0305 0312 0319 0326 0304" },
        { "19970605", "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8", "0605 0612 0619 0626 0703 0710 0717 0724 0731 0807 0814 0821 0828 0604" },
        { "19970902", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "0213 0313 1113 0813 1013" },
        { "19970913", "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "0913 1011 1108 1213 0110 0207 0307 0411 0509 0613" },
        { "19961105", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "1105 1107 1102" },
        { "19970904", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "0904 1007 1106 ." },
        { "19970929", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "0929 1030 1127 1230 0129 0226 0330" },
        { "19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "0805 0810 0819 0824 ." },
        { "19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "0805 0817 0819 0831 ." },
        { "20070115", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "0115 0130 0215 0315 0330 ." },
        { "20240229", "FREQ=YEARLY;COUNT=3", "0229 0229 0229 ." },
        { "20070131", "FREQ=MONTHLY;COUNT=4", "0131 0331 0531 0731 ." },
    };

    [Theory]
    [InlineData("FREQ=YEARLY;BYSETPOS=366")]
    [InlineData("FREQ=MONTHLY;BYSETPOS=366")]
    [InlineData("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", false)]
    public void Rule_without_occurrences_is_given_up_after_a_limited_number_of_days(string text, bool hasOrdinals = true)
    {
        var ordinals = string.Join(',', Enumerable.Range(1, hasOrdinals && text.Contains("YEARLY", StringComparison.Ordinal) ? 9 : 5)
            .SelectMany(n => new[] { "MO", "TU", "WE", "TH", "FR", "SA", "SU" }.Select(d => $"{n}{d}")));
        RecurrenceRule.TryParse(hasOrdinals ? $"{text};BYDAY={ordinals}" : text, out var rule, out var error).ShouldBeTrue(error);
        var steps = new RecurrenceSteps();

        Recurrence.Expand(rule!, new(2026, 1, 1), NewYork, steps: steps).ShouldBeEmpty();

        steps.Count.ShouldBeInRange(1, Recurrence.MaxSteps + 400);
    }

    [Theory]
    [InlineData("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO")]
    [InlineData("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO")]
    [InlineData("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO")]
    public void Leap_day_on_a_given_weekday_is_found(string text)
    {
        RecurrenceRule.TryParse(text, out var rule, out var error).ShouldBeTrue(error);

        Recurrence.Expand(rule!, new(2072, 3, 1), NewYork).Take(3).Select(r => r.LocalTime.Year).ShouldBe([2112, 2140, 2168]);
    }

    [Theory, MemberData(nameof(Examples))]
    public void Recurrence_rule_generates_the_days_of_RFC_5545(string begin, string text, string days)
    {
        var expected = days.Split(' ');
        var isAll = expected[^1] == ".";
        var found = Recurrence.Expand(Rule(text), Date(begin).AddHours(9), NewYork).Take(expected.Length).ToList();

        string.Join(' ', found.Select(r => r.LocalTime.ToString("MMdd", CultureInfo.InvariantCulture)).Concat(isAll ? ["."] : []))
            .ShouldBe(days);
        found.ShouldAllBe(r => r.LocalTime.Hour == 9);
        found.ShouldAllBe(r => LocalDateTime.ToLocal(r.At, NewYork) == r.LocalTime);
        found.Select(r => r.At).ShouldBeInOrder();
    }

    [Fact]
    public void Excluded_occurrence_counts_towards_the_rule_count()
    {
        var found = Recurrence.Expand(Rule("FREQ=DAILY;COUNT=4"), Date("20300101"), TimeZoneInfo.Utc,
            new HashSet<DateTime> { Date("20300102") });
        found.Select(r => r.LocalTime.Day).ShouldBe([1, 3, 4]);
    }

    [Theory]
    [InlineData("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")]
    [InlineData("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30")]
    [InlineData("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")]
    [InlineData("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6")]
    public void Expansion_of_a_rule_without_matching_days_terminates(string text) =>
    Recurrence.Expand(Rule(text), Date("20300101"), TimeZoneInfo.Utc).ShouldBeEmpty();

    [Theory]
    [InlineData("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "20440229 20720229")]
    [InlineData("FREQ=DAILY;INTERVAL=1000", "20300101 20320927")]
    public void Expansion_finds_days_that_match_rarely(string text, string days) =>
        string.Join(' ', Recurrence.Expand(Rule(text), Date("20300101"), TimeZoneInfo.Utc).Take(2)
            .Select(r => r.LocalTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture))).ShouldBe(days);

    [Fact]
    public void Unlimited_rule_ends_with_the_last_representable_year() =>
        Recurrence.Expand(Rule("FREQ=YEARLY;INTERVAL=1000"), Date("20300101"), TimeZoneInfo.Utc).Select(r => r.LocalTime.Year)
        .ShouldBe([2030, 3030, 4030, 5030, 6030, 7030, 8030, 9030]);

    /// <summary>A daily event at 2:30 (or another time) across a clock change: time zone, first local time, instants.</summary>
    [Theory]
    // 2:30 is skipped: the offset before holds, so it is 3:30
    [InlineData("Europe/Berlin", "2030-03-30T02:30", "2030-03-30T01:30Z 2030-03-31T01:30Z 2030-04-01T00:30Z")]
    // 2:30 comes twice: the first
    [InlineData("Europe/Berlin", "2030-10-26T02:30", "2030-10-26T00:30Z 2030-10-27T00:30Z 2030-10-28T01:30Z")]
    [InlineData("Europe/Berlin", "2030-03-30T20:00", "2030-03-30T19:00Z 2030-03-31T18:00Z 2030-04-01T18:00Z")]
    [InlineData("America/New_York", "2007-03-10T02:30", "2007-03-10T07:30Z 2007-03-11T07:30Z 2007-03-12T06:30Z")]    // RFC 5545, 3.3.5
    [InlineData("America/New_York", "2007-11-03T01:30", "2007-11-03T05:30Z 2007-11-04T05:30Z 2007-11-05T06:30Z")]    // RFC 5545, 3.3.5
    // half an hour is skipped from 2:00
    [InlineData("Australia/Lord_Howe", "2030-10-05T02:15", "2030-10-04T15:45Z 2030-10-05T15:45Z 2030-10-06T15:15Z")]
    // from 1:30 on half an hour comes twice
    [InlineData("Australia/Lord_Howe", "2030-04-06T01:45", "2030-04-05T14:45Z 2030-04-06T14:45Z 2030-04-07T15:15Z")]
    // a whole day is skipped
    [InlineData("Pacific/Apia", "2011-12-29T12:00", "2011-12-29T22:00Z 2011-12-30T22:00Z 2011-12-30T22:00Z")]
    [InlineData("Asia/Kathmandu", "2030-01-01T12:00", "2030-01-01T06:15Z 2030-01-02T06:15Z 2030-01-03T06:15Z")]
    public void Occurrences_keep_their_wall_clock_time_across_a_DST_change(string zone, string begin, string instants)
    {
        LocalDateTime.TryParse(begin, out var wall).ShouldBeTrue();
        var found = Recurrence.Expand(Rule("FREQ=DAILY;COUNT=3"), wall, Zone(zone));
        string.Join(' ', found.Select(r => r.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture)))
            .ShouldBe(instants);
    }

    [Theory]
    [InlineData("")]
    [InlineData("FREQ=HOURLY")]
    [InlineData("INTERVAL=2")]
    [InlineData("FREQ=DAILY;FREQ=DAILY")]
    [InlineData("FREQ=DAILY;")]
    [InlineData("FREQ=DAILY;INTERVAL=0")]
    [InlineData("FREQ=DAILY;INTERVAL=1001")]
    [InlineData("FREQ=DAILY;COUNT=0")]
    [InlineData("FREQ=DAILY;COUNT=2;UNTIL=20300101")]
    [InlineData("FREQ=DAILY;UNTIL=tomorrow")]
    [InlineData("FREQ=DAILY;BYDAY=1MO")]
    [InlineData("FREQ=WEEKLY;BYMONTHDAY=1")]
    [InlineData("FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=1")]
    [InlineData("FREQ=MONTHLY;BYDAY=0MO")]
    [InlineData("FREQ=MONTHLY;BYDAY=54MO")]
    [InlineData("FREQ=MONTHLY;BYDAY=XX")]
    [InlineData("FREQ=MONTHLY;BYMONTHDAY=0")]
    [InlineData("FREQ=MONTHLY;BYMONTHDAY=32")]
    [InlineData("FREQ=MONTHLY;BYMONTHDAY=-2147483648")]
    [InlineData("FREQ=YEARLY;BYMONTH=13")]
    [InlineData("FREQ=YEARLY;BYMONTH=-1")]
    [InlineData("FREQ=YEARLY;BYWEEKNO=20")]
    [InlineData("FREQ=YEARLY;BYYEARDAY=1")]
    [InlineData("FREQ=DAILY;BYSETPOS=1")]
    [InlineData("FREQ=DAILY;WKST=1MO")]
    public void Invalid_or_unsupported_rule_is_rejected_with_a_reason(string text)
    {
        RecurrenceRule.TryParse(text, out var rule, out var error).ShouldBeFalse();
        rule.ShouldBeNull();
        error.ShouldNotBeEmpty();
    }

    [Fact]
    public void Oversized_rule_is_rejected() =>
    RecurrenceRule.TryParse("FREQ=DAILY;BYMONTH=" + string.Join(',', Enumerable.Repeat("1", 200)), out _, out _).ShouldBeFalse();

    [Theory]
    [InlineData("FREQ=WEEKLY;BYDAY=MO,WE", "FREQ=WEEKLY;BYDAY=MO,WE")]
    [InlineData("RRULE:freq=weekly;byday=mo,mo", "FREQ=WEEKLY;BYDAY=MO")]
    [InlineData("BYDAY=-1FR;INTERVAL=1;FREQ=MONTHLY;WKST=MO", "FREQ=MONTHLY;BYDAY=-1FR")]
    [InlineData("FREQ=DAILY;UNTIL=20301231", "FREQ=DAILY;UNTIL=20301231T235959")]
    [InlineData("FREQ=DAILY;UNTIL=20301231T225959Z;WKST=SU", "FREQ=DAILY;UNTIL=20301231T225959Z;WKST=SU")]
    [InlineData("FREQ=YEARLY;COUNT=3;BYMONTH=7,6;BYMONTHDAY=-1,1;BYSETPOS=-1",
        "FREQ=YEARLY;COUNT=3;BYMONTH=6,7;BYMONTHDAY=-1,1;BYSETPOS=-1")]
    public void Rule_is_normalized_and_round_trips(string text, string form)
    {
        Rule(text).ToString().ShouldBe(form);
        Rule(form).ToString().ShouldBe(form);
    }

    [Fact]
    public void Until_date_is_interpreted_in_local_time()
    {
        // 23:00 in New York is the next day in UTC.
        var found = Recurrence.Expand(Rule("FREQ=DAILY;UNTIL=20300103"), Date("20300101").AddHours(23), NewYork);
        found.Select(r => r.LocalTime.Day).ShouldBe([1, 2, 3]);
    }

    [Theory]
    [InlineData("Europe/Berlin", true)]
    [InlineData("UTC", true)]
    [InlineData("America/Argentina/Buenos_Aires", true)]
    [InlineData("Mars/Olympus", false)]
    [InlineData("../../etc/passwd", false)]
    [InlineData("/etc/localtime", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Time_zones_are_found_by_name(string? name, bool isKnown) => LocalDateTime.TryFind(name, out _).ShouldBe(isKnown);

    [Theory]
    [InlineData("2030-06-01T20:00", "2030-06-01T18:00:00Z")]
    [InlineData("2030-06-01T20:00:30", "2030-06-01T18:00:30Z")]
    [InlineData("2030-06-01T20:00:00Z", "2030-06-01T20:00:00Z")]
    [InlineData("2030-06-01T20:00:00-05:00", "2030-06-02T01:00:00Z")]
    [InlineData("2030-06-01T20:00:00.5Z", "2030-06-01T20:00:00Z")]
    [InlineData("2030-06-01", null)]
    [InlineData("20:00", null)]
    [InlineData("2030-13-01T20:00", null)]
    [InlineData("", null)]
    public void Event_time_is_an_instant_or_a_local_time(string text, string? instant)
    {
        EventTime.TryParse(text, out var time).ShouldBe(instant is not null);
        if (instant is not null)
        {
            time.ToInstant(Zone("Europe/Berlin")).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture).ShouldBe(instant);
        }
    }

    private static RecurrenceRule Rule(string text) => RecurrenceRule.TryParse(text, out var rule, out var error) ? rule
        : throw new FormatException(error);

    private static TimeZoneInfo Zone(string name) =>
        LocalDateTime.TryFind(name, out var zone) ? zone : throw new TimeZoneNotFoundException(name);

    private static DateTime Date(string text) => DateTime.ParseExact(text, "yyyyMMdd", CultureInfo.InvariantCulture);
}
