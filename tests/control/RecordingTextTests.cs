using System.Text.Json;
using System.Xml.Linq;
using Broadcast.Control.Recordings;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class RecordingTextTests
{
    private static readonly DateTimeOffset Begin = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("begin", 0)]
    [InlineData("0", 0)]
    [InlineData("90", 90)]
    [InlineData("1.5", 1.5)]
    [InlineData("1:30", 90)]
    [InlineData("01:02:03.25", 3723.25)]
    [InlineData("100:00", 6000)]
    [InlineData("30:00:00", 108_000)]
    [InlineData("end", 1000)]
    [InlineData("-30", 970)]
    [InlineData("-0", 1000)]
    [InlineData("2030-01-01T12:00:10Z", 10)]
    [InlineData("2030-01-01T13:00:10.5+01:00", 10.5)]
    public void Recording_position_is_parsed_in_every_notation(string text, double seconds)
    {
        RecordingPosition.TryParse(text, out var moment).ShouldBeTrue();
        (moment.Resolve(Begin, Begin.AddSeconds(1000)) - Begin).TotalSeconds.ShouldBe(seconds);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("1e5")]
    [InlineData("NaN")]
    [InlineData("1:2:3:4")]
    [InlineData("-1:30")]
    [InlineData("9999999999")]
    [InlineData("9999-12-31T23:59:59Z")]
    [InlineData("2030-13-01T12:00:10Z")]
    public void Invalid_recording_position_is_rejected(string? text) => RecordingPosition.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("forever", null, "forever")]
    [InlineData("12h", 12, "12h")]
    [InlineData("48h", 48, "2d")]
    [InlineData("3650d", 87_600, "3650d")]
    public void Retention_is_parsed_and_normalized(string text, int? hours, string written)
    {
        Retention.TryParse(text, out var found).ShouldBeTrue();
        found.ShouldBe(hours);
        Retention.Format(found).ShouldBe(written);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0h")]
    [InlineData("3651d")]
    [InlineData("99999d")]
    [InlineData("30m")]
    [InlineData("-1d")]
    [InlineData("channel")]
    public void Invalid_retention_is_rejected(string text) => Retention.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Bucket_rules_expire_after_the_longest_retention_and_omit_channels_that_keep_more()
    {
        var rules = LifecycleRules.Of(
            [new("day", 36, 0, 3600), new("own", 24, 240, 3600), new("ever", 24, 1_000_000, 3600), new("long", 24, 0, (30 * 86_400) + 1)],
            "/broadcast/production/", 30);

        rules.Rules.Select(r => (r.Prefix, r.ExpireDays, r.AbortDays)).ShouldBe(
        [
            ("broadcast/production/", null, 7),
            ("broadcast/production/live/day/", 32, null),
            ("broadcast/production/journal/day/", 32, null),
            ("broadcast/production/live/own/", 40, null),
            ("broadcast/production/journal/own/", 40, null),
        ]);
        rules.Omitted.Select(l => l.Channel).ShouldBe(["ever", "long"]);
        rules.Rules.Select(r => r.Id).ShouldBeUnique();
    }

    [Fact]
    public void Bucket_lifecycle_rules_have_the_format_of_S3()
    {
        var rules = LifecycleRules.Of([new("day", 24, 0, 0)], "", 1);

        XNamespace s3 = "http://s3.amazonaws.com/doc/2006-03-01/";
        var xml = XElement.Parse(rules.ToXml());
        xml.Name.ShouldBe(s3 + "LifecycleConfiguration");
        xml.Elements(s3 + "Rule").Select(r => r.Element(s3 + "Status")!.Value).ShouldBe(["Enabled", "Enabled", "Enabled"]);
        xml.Elements(s3 + "Rule").First().Element(s3 + "AbortIncompleteMultipartUpload")!.Element(s3 + "DaysAfterInitiation")!.Value
            .ShouldBe("7");
        xml.Descendants(s3 + "Days").Select(d => d.Value).ShouldBe(["2", "2"]);

        using var json = JsonDocument.Parse(rules.ToJson());
        var rule = json.RootElement.GetProperty("Rules")[1];
        (rule.GetProperty("Filter").GetProperty("Prefix").GetString(), rule.GetProperty("Expiration").GetProperty("Days").GetInt32(),
            rule.GetProperty("ID").GetString()).ShouldBe(("live/day/", 2, "broadcast-media-day"));
        rule.TryGetProperty("AbortIncompleteMultipartUpload", out _).ShouldBeFalse();
        json.RootElement.GetProperty("Rules")[0].GetProperty("Filter").GetProperty("Prefix").GetString().ShouldBe("");
    }
}
