using Broadcast.Publisher;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>
/// Encoders that disconnect briefly on a channel with a ladder and return with a changed stream, or do not return (rows F01 and F03 to F05
/// of the edge cases).
/// </summary>
[Collection(nameof(SmallLadders))]
public sealed class ReturningEncoderTests(ReturningEncoders encoders) : IClassFixture<ReturningEncoders>
{
    [Fact]
    public async Task Encoder_that_reconnects_at_once_is_missed_for_at_most_a_second_F01()
    {
        var view = await encoders.ViewAsync("same");

        view.ShouldBeWhole(discontinuities: view.Source.Discontinuities.Count());
        foreach (var rendition in (DecodedRendition[])[view.Source, view.Rungs["240p"], view.Audio])
        {
            rendition.View.Segments.Zip(rendition.View.Segments.Skip(1),
                (one, next) => (next.WallClock - one.WallClock).TotalSeconds - one.Duration).Max().ShouldBeLessThan(1);
            rendition.Runs.Select(r => r.Text("codec_name")).Distinct().ShouldHaveSingleItem();
        }
    }

    [Fact]
    public async Task Encoder_that_never_returns_is_replaced_by_the_slate_in_every_rung_F03()
    {
        var view = await encoders.ViewAsync("gone");

        view.ShouldBeWhole(discontinuities: 1);
        foreach (var rendition in (DecodedRendition[])[view.Source, view.Rungs["240p"]])
        {
            rendition.Runs[1].Colors.Skip(30).ShouldAllBe(c => c == "dark");
            rendition.Runs[1].Segments.Sum(s => s.Entry.Duration).ShouldBeInRange(2, 11);
        }

        view.Mpd.ShouldContain("type=\"static\"");
    }

    [Theory]
    [InlineData("size", "h264", "480", "48000", "2", "F04")]
    [InlineData("codec", "hevc", "360", "48000", "2", "F05")]
    [InlineData("rate", "h264", "360", "44100", "2", "F05")]
    [InlineData("mono", "h264", "360", "48000", "1", "F05")]
    public async Task Encoder_that_returns_with_another_format_continues_in_the_same_rungs_F04_F05(string what, string codec, string height,
        string rate, string channels, string row)
    {
        var view = await encoders.ViewAsync(what);

        view.ShouldBeWhole(discontinuities: 3);
        view.Source.Runs.Select(r => r.Text("codec_name")).ShouldBe(["h264", "h264", codec, "h264"], row);
        view.Source.Runs.Select(r => r.Text("height")).ShouldBe(["360", "360", height, height], row);
        view.Rungs["240p"].Runs.ShouldAllBe(r => r.Text("codec_name") == "h264" && r.Text("height") == "240");
        view.Audio.Runs.Select(r => (r.Text("codec_name"), r.Text("sample_rate"), r.Text("channels")))
            .ShouldBe([("aac", "48000", "2"), ("aac", "48000", "2"), ("aac", rate, channels), ("aac", rate, channels)], row);
        view.Audio.Runs[1].Loudness.Max().ShouldBeLessThan(0.01, "silence beside the slate");
        view.Audio.Runs[2].Loudness.Skip(1).SkipLast(2).Min().ShouldBeGreaterThan(0.05, "and then the audio");
        view.Source.Runs[1].Segments.Sum(s => s.Entry.Duration).ShouldBeLessThan(8, "a short slate");
        view.Source.Runs[2].Samples.Count.ShouldBeInRange(100, 125, "from a keyframe on, all of it");
    }
}

/// <summary>Encoders that all send at the same time, disconnect after 4 s, and return, each with a different change.</summary>
public sealed class ReturningEncoders : LadderServer
{
    /// <summary>Input loss is declared after 5 s of silence, or earlier after an orderly disconnect.</summary>
    private const double SlateInOneGo = 5;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        var usual = new TestSource { FrameRate = 25, KeyframeSeconds = 1, Seconds = 5 };
        var plain = await ScriptedEncoder.MakeAsync(usual);
        var (large, hevc) = (await ScriptedEncoder.MakeAsync(usual with { Width = 854, Height = 480 }),
            await ScriptedEncoder.MakeAsync("hvc1", 5));
        var (rate, mono) = (await ScriptedEncoder.MakeAsync(usual with { SampleRate = 44_100 }),
            await ScriptedEncoder.MakeAsync(usual with { Channels = 1 }));

        Begin("gone", c => LeaveAsync(c, plain));
        Begin("same", c => ReturnAsync(c, plain, plain, isAtOnce: true));
        Begin("size", c => ReturnAsync(c, plain, large));
        Begin("codec", c => ReturnAsync(c, plain, hevc));
        Begin("rate", c => ReturnAsync(c, plain, rate));
        Begin("mono", c => ReturnAsync(c, plain, mono));
    }

    private async Task<LadderView> LeaveAsync(string channel, IEnumerable<FlvTag> before)
    {
        await ScriptedEncoder.SendAsync(await OpenAsync(channel, 10), before);
        return (await LadderView.ReadAsync(Server, channel, "240p")) with { InOneGo = SlateInOneGo };
    }

    private async Task<LadderView> ReturnAsync(string channel, IEnumerable<FlvTag> before, IEnumerable<FlvTag> then, bool isAtOnce = false)
    {
        // Long enough for a busy machine: the session is ended explicitly.
        var url = await OpenAsync(channel, 300);
        await ScriptedEncoder.SendAsync(url, before.Where(t => t.Timestamp < 4000));
        if (!isAtOnce)
        {
            await HlsView.WaitAsync(Server, channel, v => v.Segments.Any(s => s.Discontinuity), "the slate", "240p");
        }

        await SendAsync(url, then);
        await HlsView.WaitAsync(Server, channel, v => v.Segments.Count(s => s.Discontinuity) >= (isAtOnce ? 2 : 3),
            "the slate again", "240p");
        await EndAsync(channel);
        return (await LadderView.ReadAsync(Server, channel, "240p")) with { IsCutOff = true, InOneGo = SlateInOneGo };
    }

    /// <summary>Retries as encoders do, while the server has not detected the end of the previous connection.</summary>
    private static async Task SendAsync(string url, IEnumerable<FlvTag> tags)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await ScriptedEncoder.SendAsync(url, tags);
                return;
            }
            catch (RtmpPublishException) when (tries < 20)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(250));
            }
        }
    }
}
