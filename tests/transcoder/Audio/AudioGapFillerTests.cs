using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Audio;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Audio;

public sealed class AudioGapFillerTests
{
    private static readonly Track Video = new(1, CodecConfig.Avc.Parse(Convert.FromHexString(
        "0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FC8")), 90_000);

    private static readonly Track Usual = new(2, CodecConfig.Aac.Parse([0x11, 0x90]), 48_000);
    private static readonly Track Other = new(2, CodecConfig.Aac.Parse([0x12, 0x10]), 44_100);
    private static readonly Track Opus = new(2, CodecConfig.Opus.Default(), 48_000);
    private static readonly Track Flac = new(2, CodecConfig.Flac
        .Parse(Convert.FromHexString("8000002210001000" + "000000000000" + "0AC442F000000000" + new string('0', 32))), 44_100);

    [Fact]
    public void Video_without_audio_has_silence_from_its_first_to_its_newest_frame()
    {
        var fill = new AudioGapFiller(9, isNeeded: true, isExpected: false);
        See(fill, 0.5, 1, delay: 3000, every: 0.04);

        fill.Output[0].Track.Config.CodecString.ShouldBe("mp4a.40.2");
        fill.Output[0].Decode.ShouldBe(new MediaTime(25_600, 48_000), "a frame decoded at 0.5 s is shown at 0.533");
        ShouldBeGapless(fill.Output);
        fill.Output[^1].Decode.TotalSeconds.ShouldBeInRange(1.44, 1.5);
        fill.Output.ShouldAllBe(s => s.IsSync && s.Payload.Length == 6);
    }

    [Fact]
    public void No_silence_is_produced_before_the_first_keyframe()
    {
        var fill = new AudioGapFiller(9, isNeeded: true, isExpected: false);
        fill.PushVideo(Frame(0, sync: false));
        fill.PushVideo(Frame(0.04, sync: false));
        fill.Output.ShouldBeEmpty();
    }

    [Fact]
    public void Announced_audio_is_awaited_and_the_waiting_time_becomes_silence()
    {
        var fill = new AudioGapFiller(9, isNeeded: true, isExpected: true);
        See(fill, 0, 1.5);
        fill.Output.ShouldBeEmpty();
        See(fill, 1.52, 0.1);
        fill.Output[0].Decode.Ticks.ShouldBe(0);
        ShouldBeGapless(fill.Output);
    }

    [Fact]
    public void Missing_second_language_is_not_filled_with_silence()
    {
        var fill = new AudioGapFiller(9, isNeeded: false, isExpected: true);
        See(fill, 0, 10);
        fill.Output.ShouldBeEmpty();
    }

    [Fact]
    public void Standard_audio_follows_silence_in_the_same_configuration()
    {
        var fill = new AudioGapFiller(9, isNeeded: true, isExpected: false);
        See(fill, 0, 12);
        Both(fill, Usual, 12, 3);

        fill.Output.Select(s => s.Track).Distinct().ShouldHaveSingleItem();
        var heard = fill.Output.SkipWhile(s => s.Payload.Length == 6).ToList();
        heard.ShouldAllBe(s => s.Payload.Length == 8);
        heard[0].Decode.TotalSeconds.ShouldBeInRange(12, 12.05);
        ShouldRise(fill.Output, longest: 2047);
        fill.DroppedFrames.ShouldBeLessThan(3);
    }

    [Fact]
    public void Audio_that_lags_behind_its_video_still_replaces_silence()
    {
        var fill = new AudioGapFiller(9, isNeeded: true, isExpected: false);
        See(fill, 0, 12);
        for (var at = 12.0; at < 15; at += 0.02)
        {
            fill.PushVideo(Frame(at, sync: false));
            fill.PushAudio(Frame(Usual, at - 0.8) with { Arrival = Clock(at) });
        }

        fill.IsSilent.ShouldBeFalse();
        fill.Output[^1].Decode.TotalSeconds.ShouldBeInRange(14.1, 14.2);
        fill.Output.Where(s => s.Payload.Length == 6).Max(s => s.Decode.TotalSeconds).ShouldBeLessThan(12.05);
    }

    [Fact]
    public void Audio_of_another_configuration_follows_silence_at_a_keyframe()
    {
        var fill = new AudioGapFiller(9, isNeeded: true, isExpected: false);
        See(fill, 0, 11, keyframes: 2);
        Both(fill, Other, 11, 3, keyframes: 2);

        var (silent, heard) = (fill.Output.Where(s => s.Track.Timescale == 48_000).ToList(),
            fill.Output.Where(s => s.Track.Timescale == 44_100).ToList());
        ShouldBeGapless(silent);
        silent[^1].Decode.TotalSeconds.ShouldBeInRange(11.97, 12);
        heard[0].Decode.TotalSeconds.ShouldBeInRange(12, 12.05);
        heard.ShouldAllBe(s => s.Payload.Length == 8);
        ShouldRise(heard, longest: 1100);
    }

    [Fact]
    public void Audio_of_another_configuration_does_not_wait_for_video_that_has_stopped()
    {
        var fill = new AudioGapFiller(9, isNeeded: true, isExpected: false);
        See(fill, 0, 3.5, keyframes: 2);
        for (var at = 3.5; at < 7; at += 1024.0 / 44_100)
        {
            fill.PushAudio(Frame(Other, at));
        }

        fill.Output.First(s => s.Track == Other).Decode.TotalSeconds.ShouldBeInRange(4.9, 5.1);
    }

    [Fact]
    public void Stopped_audio_is_replaced_by_silence_in_its_own_configuration_and_resumes()
    {
        var fill = new AudioGapFiller(9, isNeeded: true, isExpected: true);
        Both(fill, Other, 0, 5);
        var before = fill.Output.Count;
        See(fill, 5, 1.4);
        fill.Output.Count.ShouldBe(before, "it may be late");
        See(fill, 6.4, 4);
        fill.Output.Count.ShouldBeGreaterThan(before + 200);
        Both(fill, Other, 10.4, 3);

        fill.Output.ShouldAllBe(s => s.Track == Other);
        ShouldRise(fill.Output, longest: 2047);
        fill.Output.Where(s => s.Payload.Length == 8).Select(s => s.Decode.TotalSeconds).Where(t => t is > 5.1 and < 10.3).ShouldBeEmpty();
        fill.Output[^1].Payload.Length.ShouldBe(8);
    }

    [Fact]
    public void Stopped_Opus_audio_is_replaced_by_Opus_silence()
    {
        var fill = new AudioGapFiller(9, isNeeded: true, isExpected: true);
        fill.PushVideo(Frame(0, sync: true));
        fill.PushAudio(Frame(Opus, 0) with { Payload = new byte[] { 0xfc, 1, 2, 3 } });
        See(fill, 0.04, 3);

        fill.Output[1].Decode.Ticks.ShouldBe(960);
        fill.Output.Skip(1).Select(s => Convert.ToHexString(s.Payload.Span)).Distinct().ShouldBe(["FCFFFE"]);
        fill.Output.Zip(fill.Output.Skip(1), (a, b) => b.Decode.Ticks - a.Decode.Ticks).ShouldAllBe(step => step == 960);
    }

    [Fact]
    public void Stopped_audio_of_a_codec_without_known_silence_ends()
    {
        var fill = new AudioGapFiller(9, isNeeded: true, isExpected: true);
        fill.PushVideo(Frame(0, sync: true));
        fill.PushAudio(Frame(Flac, 0));
        See(fill, 0.04, 10);
        fill.Output.Count.ShouldBe(1);
    }

    [Fact]
    public void Stopped_video_causes_no_silence_and_resumed_audio_is_passed_on()
    {
        var fill = new AudioGapFiller(9, isNeeded: true, isExpected: true);
        Both(fill, Usual, 0, 5);
        Both(fill, Usual, 35, 3);

        fill.Output.ShouldAllBe(s => s.Payload.Length == 8);
        fill.DroppedFrames.ShouldBe(0);
    }

    [Fact]
    public void Stalled_connection_that_delivers_a_burst_causes_no_silence()
    {
        var fill = new AudioGapFiller(9, isNeeded: true, isExpected: true);
        Both(fill, Usual, 0, 5);
        for (var at = 5.0; at < 9; at += 0.5)
        {
            for (var frame = at; frame < at + 0.5; frame += 0.04)
            {
                fill.PushVideo(Frame(frame, sync: false) with { Arrival = Clock(9) });
            }

            for (var frame = at; frame < at + 0.5; frame += 0.025)
            {
                fill.PushAudio(Frame(Usual, frame) with { Arrival = Clock(9) });
            }
        }

        fill.Output.ShouldAllBe(s => s.Payload.Length == 8);
        fill.DroppedFrames.ShouldBe(0);
    }

    private static void See(AudioGapFiller fill, double from, double seconds, long delay = 0, double every = 0.04,
        double keyframes = double.MaxValue)
    {
        for (var i = 0; i * every < seconds - 0.001; i++)
        {
            var at = from + (i * every);
            fill.PushVideo(Frame(at, i == 0 || at % keyframes < every - 0.001, delay));
        }
    }

    /// <summary>Sends video and audio of the same time in order of arrival.</summary>
    private static void Both(AudioGapFiller fill, Track track, double from, double seconds, double keyframes = 2)
    {
        var next = from;
        for (var i = 0; i * 0.04 < seconds - 0.001; i++)
        {
            var at = from + (i * 0.04);
            fill.PushVideo(Frame(at, at % keyframes < 0.039));
            for (; next < at + 0.04; next += 1024.0 / track.Timescale)
            {
                fill.PushAudio(Frame(track, next));
            }
        }
    }

    private static void ShouldBeGapless(IReadOnlyList<MediaSample> samples) =>
        samples.Zip(samples.Skip(1), (a, b) => b.Decode.Ticks - a.Decode.Ticks).ShouldAllBe(step => step == 1024);

    private static void ShouldRise(IReadOnlyList<MediaSample> samples, long longest) =>
        samples.Zip(samples.Skip(1), (a, b) => b.Decode.Ticks - a.Decode.Ticks).ShouldAllBe(step => step >= 1020 && step <= longest);

    private static MediaSample Frame(double seconds, bool sync, long delay = 0)
    {
        var ticks = (long)Math.Round(seconds * 90_000);
        return new(Video, new MediaTime(ticks, 90_000), new MediaTime(ticks + delay, 90_000), sync, new byte[] { 0 }, Clock(seconds));
    }

    private static MediaSample Frame(Track track, double seconds)
    {
        var time = new MediaTime((long)Math.Round(seconds * track.Timescale), track.Timescale);
        return new(track, time, time, true, new byte[8], Clock(seconds));
    }

    private static DateTimeOffset Clock(double seconds) => DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(seconds);
}
