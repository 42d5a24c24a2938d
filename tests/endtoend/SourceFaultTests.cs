using Broadcast.Publisher;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>
/// Errors of encoders on a channel with a ladder (rows F12 to F22 of the edge cases): every rendition is read over HTTP and decoded.
/// </summary>
[Collection(nameof(SmallLadders))]
public sealed class SourceFaultTests(FaultySources sources) : IClassFixture<FaultySources>
{
    [Fact]
    public async Task Reordered_frames_and_late_or_interrupted_audio_stay_in_sync_in_every_rung_F12_F13_F15_F16()
    {
        var view = await sources.ViewAsync("order");

        view.ShouldBeWhole();
        view.Source.Segments.ShouldContain(s => s.Samples.Zip(s.Samples.Skip(1)).Any(p => p.Second.Time < p.First.Time),
            "the source's frames are out of order");
        var heard = view.Audio.Runs.ShouldHaveSingleItem();
        var first = (heard.Samples[0].Time * heard.Tick) - (view.Source.Runs[0].Samples[0].Time * view.Source.Runs[0].Tick);
        var loud = heard.Loudness.Select((l, i) => (l, At: first + (i / 10.0))).Where(l => l.l > 0.05).Select(l => l.At).ToList();
        loud[0].ShouldBe(4, 0.25);
        loud[^1].ShouldBe(7.9, 0.25);
        loud.Count.ShouldBeInRange(37, 42);
    }

    [Theory]
    [InlineData("alone")]
    [InlineData("keyless")]
    public async Task Audio_without_video_is_accompanied_by_the_slate_until_a_keyframe_arrives_F14_F19(string channel)
    {
        var view = await sources.ViewAsync(channel);

        view.ShouldBeWhole(discontinuities: 1);
        foreach (var rendition in (DecodedRendition[])[view.Source, view.Rungs["240p"]])
        {
            rendition.Runs[0].Colors.ShouldAllBe(c => c == "dark");
            rendition.Runs[1].Colors.ShouldAllBe(c => c == "red");
        }

        view.Audio.Runs.Sum(r => r.Loudness.Count(l => l > 0.05)).ShouldBeInRange(110, 121, "all of the audio");
    }

    [Fact]
    public async Task Variable_frame_rate_keeps_frame_times_in_every_rung_F17()
    {
        var view = await sources.ViewAsync("varying");

        view.ShouldBeWhole();
        var frames = view.Source.Runs[0].Samples;
        frames.Zip(frames.Skip(1), (one, next) => Math.Round((next.Time - one.Time) / 3000.0)).Distinct().Order().ShouldBe([1, 3]);
    }

    [Fact]
    public async Task Mid_stream_resolution_change_takes_effect_at_a_keyframe_and_the_rungs_continue_F20()
    {
        var view = await sources.ViewAsync("sizes");

        view.ShouldBeWhole(discontinuities: 2);
        view.Source.Runs.Select(r => r.Text("height")).ShouldBe(["360", "480", "360"]);
        view.Rungs["240p"].Runs.ShouldAllBe(r => r.Text("height") == "240");
    }

    [Fact]
    public async Task Corrupt_frames_are_counted_and_their_re_encoded_renditions_are_intact_F21()
    {
        var view = await sources.ViewAsync("damaged");

        view.ShouldBeWhole(isDamaged: true);
        view.Rungs["240p"].Runs.ShouldAllBe(r => r.Complaints.Length == 0, "whatever it contains");
        (await sources.Server.MetricAsync("broadcast_decoder_errors_total")).ShouldBeGreaterThan(0);
        (await sources.Server.MetricAsync("broadcast_encoder_exits_total")).ShouldBe(0);
    }

    [Fact]
    public async Task Frames_dropped_by_a_collapsing_connection_are_the_only_ones_missing_in_the_rungs_F22()
    {
        var view = await sources.ViewAsync("collapsing");

        view.ShouldBeWhole();
        view.Source.Runs[0].Samples.Count.ShouldBeInRange((6 * 25) + (4 * 12), (6 * 25) + (4 * 13));
    }
}

/// <summary>Encoders that all send at the same time, each with a different fault.</summary>
public sealed class FaultySources : LadderServer
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        var usual = new TestSource { FrameRate = 25, KeyframeSeconds = 1, Seconds = 12 };
        var plain = await ScriptedEncoder.MakeAsync(usual);
        var reordered = await ScriptedEncoder.MakeAsync(usual with { BFrames = 2 });
        var red = await ScriptedEncoder.MakeAsync(usual with { Frame = "color=red:s=640x360:r=25" });
        var large = await ScriptedEncoder.MakeAsync(usual with { Width = 854, Height = 480, Seconds = 4 });
        var varying = await ScriptedEncoder.MakeAsync(
            usual with { FrameRate = 30, Frame = @"testsrc2=s=640x360:r=30,select=if(between(t\,3\,8)\,not(mod(n\,3))\,1)" },
            "-force_key_frames", "expr:gte(t,n_forced*2)", "-fps_mode", "vfr");
        var random = new Random(21);

        // Limited to the number that two CPUs can encode beside the tests.
        Begin("order", c => PlayAsync(c, ScriptedEncoder.Mix(Frames(reordered, 0, 12), AudioFrames(reordered, 4, 8))));
        Begin("alone", c => PlayAsync(c, ScriptedEncoder.Mix(Frames(red, 6, 12), AudioFrames(red, 0, 12))));
        Begin("keyless", c => PlayAsync(c, red.Where(t => !t.IsKeyframe() || t.Timestamp >= 6000)));
        var first = Task.WhenAll(ViewAsync("order"), ViewAsync("alone"), ViewAsync("keyless"));
        Begin("varying", c => ThenAsync(first, c, varying));
        Begin("sizes", c => ThenAsync(first, c,
            ScriptedEncoder.Mix(Frames(plain, 0, 4), Frames(large, 0, 4).Later(4), Frames(plain, 8, 12), AudioFrames(plain, 0, 12))));
        Begin("damaged",
            c => ThenAsync(first, c, plain.Select(t => t.IsVideo() && t.IsIn(4, 8) && random.Next(4) == 0 ? t.Damaged(random) : t)));

        // An encoder with a congested connection drops frames up to the next keyframe.
        Begin("collapsing", c =>
            ThenAsync(first, c, plain.Where(t => t.Timestamp < 10_000 && (!t.IsVideo() || !t.IsIn(3, 7) || t.Timestamp % 1000 < 500))));
    }

    private async Task<LadderView> ThenAsync(Task before, string channel, IEnumerable<FlvTag> tags)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return await PlayAsync(channel, tags);
    }

    private static IEnumerable<FlvTag> Frames(IEnumerable<FlvTag> tags, double from, double to) =>
        Part(tags.Where(t => t.IsVideo), from, to);

    private static IEnumerable<FlvTag> AudioFrames(IEnumerable<FlvTag> tags, double from, double to) =>
        Part(tags.Where(t => t.IsAudio), from, to);

    /// <summary>Tags of a time range, preceded by the configuration.</summary>
    private static IEnumerable<FlvTag> Part(IEnumerable<FlvTag> tags, double from, double to) =>
        tags.Where(t => t.IsConfiguration || t.IsIn(from, to))
        .Select(t => t.IsConfiguration ? t with { Timestamp = (uint)(from * 1000) } : t);
}

/// <summary>Tests with many small ladders in parallel, one class at a time.</summary>
[CollectionDefinition(nameof(SmallLadders))]
public sealed class SmallLadders;
