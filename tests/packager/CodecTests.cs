using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Sessions;
using Broadcast.Testing;

namespace Broadcast.Packager.Tests;

/// <summary>Codec-specific behavior of the packager: duration of a last frame, and description in manifests.</summary>
public sealed class CodecTests
{
    private static readonly CodecConfig.Flac Flac = CodecConfig.Flac.Parse(
        Convert.FromHexString("80000022" + "12001200" + "000000" + "000000" + "0bb802f000000000" + "00000000000000000000000000000000"));

    [Theory]
    [InlineData("Opus", "FC", 960)]
    [InlineData("Opus", "E0", 120)] // 2.5 ms
    [InlineData("Opus", "FB06", 5760)] // 120 ms
    [InlineData("Flac", "FFF8CA180000", 4096)]
    [InlineData("Flac", "FFF87A180011FF", 4608)]
    [InlineData("Aac", "21", 1024)]
    public void Frame_without_a_successor_has_the_duration_from_its_own_bytes(string codec, string last, long samples)
    {
        CodecConfig config = codec switch { "Opus" => CodecConfig.Opus.Default(), "Flac" => Flac,
            _ => CodecConfig.Aac.Parse([0x11, 0x90]) };
        var track = new Track(2, config, 48_000);
        var story = Story.Of(Story.Segmenter(null, null, Encoder.OnlyAudio), [Frame(track, 0, last), Frame(track, 960, last)]);

        story.Closed("audio").Sum(segment => segment.Duration.Ticks).ShouldBe(960 + samples);
    }

    [Fact]
    public void Changed_sample_rate_starts_a_period_and_the_preceding_frame_keeps_its_own_duration()
    {
        var slow = new Track(2, CodecConfig.Ac3.FromFrame(Ac3(2)), 32_000);
        var fast = new Track(2, CodecConfig.Ac3.FromFrame(Ac3(0)), 48_000);
        var before = Enumerable.Range(0, 50).Select(i => Frame(slow, i * 1536, Ac3(2)));
        var after = Enumerable.Range(0, 80).Select(i => Frame(fast, (50 * 1536 * 3 / 2) + (i * 1536), Ac3(0)));
        var story = Story.Of(Story.Segmenter(null, null, Encoder.OnlyAudio), [.. before, .. after]);

        story.Discontinuities.ShouldHaveSingleItem();
        var parts = story.Parts("audio").ToList();
        parts.Where(part => part.Media.Track == slow).Sum(part => part.Duration.Ticks).ShouldBe(50 * 1536);
        parts.Where(part => part.Media.Track == fast).Sum(part => part.Duration.Ticks).ShouldBe(80 * 1536);
        RenditionFormats.Describe(slow, parts[0]).ShouldBe(new RenditionFormat(TrackKind.Audio, "ac-3", 32_000, 0, 0, 0, 32_000, 2, null));
        RenditionFormats.Describe(fast, parts[^1]).SampleRate.ShouldBe(48_000);
    }

    [Fact]
    public void Format_follows_from_the_configuration_and_the_first_part()
    {
        var track = new Track(1, CodecConfig.Vp9.Parse([0, 0, 0x82, 2, 2, 2, 0, 0], 1280, 720), 90_000);
        var part = Story.Of(Story.Segmenter(null, null, Encoder.Source), Encoder.VideoFrames(1, 30, track: track)).Parts("source").First();

        RenditionFormats.Describe(track, part)
            .ShouldBe(new RenditionFormat(TrackKind.Video, "vp09.00.40.08", 90_000, 1280, 720, 30, 0, 0, null));
        RenditionFormats.Describe(new Track(2, Flac, 48_000, "de"), part)
            .ShouldBe(new RenditionFormat(TrackKind.Audio, "fLaC", 48_000, 0, 0, 0, 48_000, 2, "de"));
    }

    [Fact]
    public void Captions_in_the_frames_of_a_part_are_detected()
    {
        var frames = Encoder.VideoFrames(1, 30)
            .Select(s => s with { Sample = s.Sample
                with { Payload = Captioning.With(new byte[] { 0, 0, 0, 2, 0x65, 1 }, isHevc: false, (0, 0x80, 0x80)) } });
        var part = Story.Of(Story.Segmenter(null, null, Encoder.Source), frames).Parts("source").First();
        RenditionFormats.CaptionsIn(part).ToString().ShouldBe("CC1");
        RenditionFormats.CaptionsIn(Story.Of(Story.Segmenter(null, null, Encoder.Source), Encoder.VideoFrames(1, 30)).Parts("source")
            .First()).Any.ShouldBeFalse();
    }

    [Fact]
    public void Names_and_colors_are_forwarded_and_changed_colors_start_a_period()
    {
        var track = new Track(1, CodecConfig.Vp9.Parse([0, 0, 0x82, 2, 2, 2, 0, 0], 1280, 720), 90_000, Name: "Totale",
            ColorInfo: new(new ColorDescription(9, 16, 9, false), null, null));
        var other = track with { ColorInfo = new(new ColorDescription(9, 18, 9, false), null, null) };
        var story = Story.Of(Story.Segmenter(null, null, Encoder.Source),
            [.. Encoder.VideoFrames(4, 30, track: track), .. Encoder.VideoFrames(4, 30, track: other, from: 4)]);

        story.Discontinuities.ShouldHaveSingleItem();
        var format = RenditionFormats.Describe(track, story.Parts("source").First());
        (format.Name, format.Color).ShouldBe(("Totale", new ColorDescription(9, 16, 9, false)));
        RenditionFormats.Describe(new Track(2, Flac, 48_000, "de", "Halle"), story.Parts("source").First()).Name.ShouldBe("Halle");
    }

    private static byte[] Ac3(byte rate)
    {
        var frame = new byte[rate == 0 ? 192 : 288];
        byte[] head = [0x0B, 0x77, 0, 0, (byte)((rate << 6) | 4), 0x40, 0x40];
        head.CopyTo(frame, 0);
        return frame;
    }

    private static RenditionSample Frame(Track track, long decode, string payload) => Frame(track, decode, Convert.FromHexString(payload));

    private static RenditionSample Frame(Track track, long decode, byte[] payload)
    {
        var time = new MediaTime(decode, track.Timescale);
        return new RenditionSample(Encoder.OnlyAudio, new MediaSample(track, time, time, true, payload, Encoder.Noon + time.ToTimeSpan()));
    }
}
