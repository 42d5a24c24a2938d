using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Ladder;
using Broadcast.Transcoder.Tests.Encoders;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Ladder;

public class PassthroughPolicyTests
{
    private static readonly Track Avc = new(
        1, CodecConfig.Avc.Parse(Convert.FromHexString("0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FC8")),
        MediaTime.VideoTimescale);

    /// <summary>Seconds between keyframes, and the second at which re-encoding begins; 0 for none.</summary>
    [Theory]
    [InlineData("standard", 30, 0, new[] { 2.0, 2, 2, 2 })]
    [InlineData("standard", 30, 0, new[] { 0.1, 0.1, 0.5, 2 })]
    [InlineData("standard", 30, 0, new[] { 3.0, 3, 3 })]
    [InlineData("standard", 60, 0, new[] { 3.0, 3, 3 })]
    [InlineData("standard", 2, 0, new[] { 3.0, 3 })]
    [InlineData("standard", 30, 2.5, new[] { 10.0, 10 })]
    [InlineData("low", 60, 2.5, new[] { 8.3, 8.3 })]
    [InlineData("standard", 30, 2.5, new[] { 3.1, 3.1 })]
    [InlineData("standard", 25, 2.48, new[] { 10.0 })]
    [InlineData("safe", 30, 0, new[] { 8.3, 8.3 })]
    [InlineData("safe", 30, 0, new[] { 10.0, 10 })]
    [InlineData("safe", 30, 9.5, new[] { 12.0, 12 })]

    // It has had a better interval before: a single exception is tolerated.
    [InlineData("standard", 30, 0, new[] { 2.0, 2, 5, 2, 2 })]
    [InlineData("standard", 30, 12, new[] { 2.0, 5, 2, 5, 2 })]
    public void Source_is_re_encoded_when_its_keyframe_interval_exceeds_the_maximum_segment_duration(string latency, int rate,
        double copied, double[] groups)
    {
        var rule = new PassthroughPolicy(LatencyProfile.Find(latency)!);
        var story = Notify(rule, rate, groups);

        var first = story.FindIndex(s => s.Way == SourceRouting.Reencode);
        if (copied == 0)
        {
            first.ShouldBe(-1);
            rule.Reason.ShouldBeNull();
            return;
        }

        // Media that waited for the decision are re-encoded as well.
        var begin = first - story.Take(first).Reverse().TakeWhile(s => s.Way == SourceRouting.Hold).Count();
        story[begin].Time.ShouldBe(copied, 0.001);
        story.Skip(first).ShouldAllBe(s => s.Way == SourceRouting.Reencode, "it is decided once");
        rule.Reason!.ShouldContain("keyframe interval exceeds");
    }

    [Theory]
    [InlineData(2.0, 0)]
    [InlineData(2.4, 0)]
    [InlineData(2.8, 9)]
    public void Frames_are_held_only_in_the_first_GOP_for_up_to_half_a_second(double group, int waiting)
    {
        var story = Notify(new PassthroughPolicy(LatencyProfile.Standard), 30, group, group, group);

        story.Count(s => s.Way == SourceRouting.Hold).ShouldBe(waiting);
        story.FindLastIndex(s => s.Way == SourceRouting.Hold).ShouldBeLessThan((int)(group * 30));
    }

    [Fact]
    public void Held_frames_are_never_presented_before_a_frame_already_passed_on()
    {
        // I P B B P B B …: two frames are shown before one that is decoded before them.
        var rule = new PassthroughPolicy(LatencyProfile.Standard);
        var passed = long.MinValue;
        var waits = false;
        for (var i = 0; i < 150; i++)
        {
            var place = i == 0 ? 0 : ((i - 1) / 3 * 3) + ((i - 1) % 3) switch { 0 => 3, 1 => 1, _ => 2 };
            var way = rule.Evaluate(Sample(Avc, i * 3000, (place + 2) * 3000, i == 0));
            if (way == SourceRouting.Passthrough)
            {
                waits.ShouldBeFalse();
                passed = Math.Max(passed, place);
                continue;
            }

            ((long)place).ShouldBeGreaterThan(passed, $"frame {i}");
            waits = true;
        }

        rule.Reason.ShouldNotBeNull();
    }

    /// <summary>Timestamps that hardly advance, frames of a size, and arrival times: held frames stay bounded.</summary>
    [Theory]
    [InlineData(100_000, 8, 120)]
    [InlineData(2_000_000, 8, 8)]
    [InlineData(1000, 33, 31)]
    public void Frames_held_while_timestamps_crawl_are_bounded_and_then_pass_through(int size, int milliseconds, int most)
    {
        var rule = new PassthroughPolicy(LatencyProfile.Standard);
        var (held, largest, afterwards) = (0, 0, 0);
        var payload = new byte[size];
        for (var i = 0; i < 4000; i++)
        {
            // Up to the begin of holding, and then one tick per frame.
            var time = i <= 75 ? i * 3000L : (75 * 3000) + 1000 + i;
            var way = rule.Evaluate(Sample(Avc, time, time, i == 0) with
            {
                Payload = payload, Arrival = DateTimeOffset.UnixEpoch.AddMilliseconds((double)i * milliseconds),
            });
            way.ShouldNotBe(SourceRouting.Reencode);
            afterwards += largest > 0 && way == SourceRouting.Passthrough ? 1 : 0;
            held = way == SourceRouting.Hold ? held + 1 : 0;
            largest = Math.Max(largest, held);
        }

        largest.ShouldBeInRange(1, most);
        afterwards.ShouldBe(4000 - 75 - largest, "the rest of the GOP passes through");
    }

    [Fact]
    public void Gap_in_timestamps_is_not_a_long_GOP()
    {
        var rule = new PassthroughPolicy(LatencyProfile.Standard);
        long[] times = [.. Enumerable.Range(0, 30).Select(i => i * 3000L), .. Enumerable.Range(0, 60).Select(i => 900_000 + (i * 3000L))];
        times.Select((time, i) => rule.Evaluate(Sample(Avc, time, time, i == 0))).ShouldAllBe(way => way == SourceRouting.Passthrough);
    }

    [Fact]
    public void Source_that_not_every_player_decodes_is_re_encoded_from_its_first_frame()
    {
        var rule = new PassthroughPolicy(LatencyProfile.Standard);
        rule.Evaluate(Sample(RenditionPlanTests.Video(1, 1280, 720), 0, 0, true)).ShouldBe(SourceRouting.Reencode);
        rule.Reason!.ShouldContain("VP9");
    }

    [Theory]
    [InlineData("yuv420p", true)]
    [InlineData("yuv422p", false)]
    [InlineData("yuv420p10le", false)]
    public async Task Chroma_format_and_bit_depth_decide_about_passthrough_within_a_codec(string colors, bool passes)
    {
        var frame = await CodedFrames.MakeAsync(1, "64x64", 30, "-frames:v", "1", "-pix_fmt", colors);
        (PassthroughPolicy.CompatibilityIssue(frame[0].Track.Config) is null).ShouldBe(passes);
    }

    [Theory]
    [InlineData(1920, 1080, 1920, 1080, 4_500_000)]
    [InlineData(1280, 720, 1280, 720, 2_450_000)]
    [InlineData(641, 361, 640, 360, 850_000)]
    [InlineData(7680, 4320, 7680, 4320, 20_000_000)]
    public void Re_encoded_source_has_the_resolution_of_the_source(int width, int height, int across, int down, int bits)
    {
        var copy = SourceReencode.Of(RenditionPlanTests.Video(1, width, height), canToneMap: false)!;
        (copy.Name, copy.Width, copy.Height, copy.IsHalfRate).ShouldBe(("source", across, down, false));
        copy.BitsPerSecond.ShouldBe(bits);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(18)]
    public void HDR_source_is_re_encoded_only_if_its_colors_can_be_tone_mapped(byte transfer)
    {
        var source = RenditionPlanTests.Video(1, 1280, 720)
            with { ColorInfo = new ColorInfo(new ColorDescription(9, transfer, 9, false), null, null) };
        SourceReencode.Of(source, canToneMap: false).ShouldBeNull();
        SourceReencode.Of(source, canToneMap: true).ShouldNotBeNull();
    }

    private static List<(double Time, SourceRouting Way)> Notify(PassthroughPolicy rule, int rate, params double[] groups)
    {
        var story = new List<(double, SourceRouting)>();
        foreach (var group in groups)
        {
            var frames = (int)Math.Round(group * rate);
            for (var i = 0; i < frames; i++)
            {
                var time = story.Count * (90_000L / rate);
                story.Add((time / 90_000.0, rule.Evaluate(Sample(Avc, time, time, i == 0))));
            }
        }

        return story;
    }

    private static MediaSample Sample(Track track, long decode, long present, bool sync) =>
        new(track, new MediaTime(decode, track.Timescale), new MediaTime(present, track.Timescale), sync, new byte[] { 0 },
            DateTimeOffset.UnixEpoch);
}
