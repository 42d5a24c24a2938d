using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Flv;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Publisher;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

/// <summary>Tracks in Enhanced RTMP v2: numbers, configurations, names and dropped tracks.</summary>
public sealed class EnhancedTracksTests
{
    private static readonly byte[] Slice = [0, 0, 0, 2, 0x41, 1];
    private static readonly byte[] IdrSlice = [0, 0, 0, 2, 0x65, 1];

    /// <summary>RFC 7845, 5.1: version 1, stereo, pre-skip 312, 48 kHz, no gain, family 0.</summary>
    private static readonly byte[] OpusHead = [.. "OpusHead"u8, 1, 2, 0x38, 1, 0x80, 0xBB, 0, 0, 0, 0, 0];

    /// <summary>RFC 9639, 8.2: blocks of 4,096 samples, 48 kHz, stereo, 16 bits.</summary>
    private static readonly byte[] FlacHeader =
        [.. "fLaC"u8, 0x80, 0, 0, 34, 0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x0B, 0xB8, 0x02, 0xF0, 0, 0, 0, 0, .. new byte[16]];

    [Fact]
    public void H264_by_its_FourCC_is_the_same_track_as_legacy_H264()
    {
        var tags = new VideoTags();
        Read(tags, EnhancedBody.Video(EnhancedPacket.SequenceStart, "avc1", Wire.AvcRecord)).ShouldBeEmpty();
        Read(tags, EnhancedBody.Video(EnhancedPacket.CodedFrames, "avc1", IdrSlice, compositionOffset: -40)).ShouldHaveSingleItem()
            .CompositionOffset.ShouldBe(-40);
        Read(tags, EnhancedBody.Video(EnhancedPacket.CodedFramesX, "avc1", Slice, isSync: true)).ShouldHaveSingleItem()
            .IsSync.ShouldBeFalse();
        Read(tags, [0x17, 0, 0, 0, 0, .. Wire.AvcRecord]);
        Read(tags, Wire.VideoBody(true)).ShouldHaveSingleItem().Track.ShouldBeSameAs(tags.Track);
        (tags.Track!.Id, tags.Configurations, tags.Count).ShouldBe((1, 1, 1));
    }

    [Fact]
    public void Each_track_number_is_a_separate_track_with_a_stable_ID()
    {
        var tags = new VideoTags();
        EnhancedTrack[] configurations = [new(0, "avc1", Wire.AvcRecord), new(2, "avc1", Wire.AvcRecord), new(255, "avc1", Wire.AvcRecord)];
        Read(tags, EnhancedBody.VideoTracks(EnhancedPacket.SequenceStart, configurations)).ShouldBeEmpty();
        tags.Tracks.Select(t => t.Id).ShouldBe([1, 5, 511]);
        EnhancedTrack[] frames = [new(255, "avc1", IdrSlice), new(0, "avc1", IdrSlice), new(2, "avc1", IdrSlice)];
        Read(tags, EnhancedBody.VideoTracks(EnhancedPacket.CodedFramesX, frames)).Select(u => u.Track.Id).ShouldBe([511, 1, 5]);
        Read(tags, EnhancedBody.Video(EnhancedPacket.CodedFramesX, "avc1", Slice, track: 2)).ShouldHaveSingleItem().Track.Id.ShouldBe(5);
        VideoTags.GetTrackId(0).ShouldBe(1);
        AudioTags.GetTrackId(0).ShouldBe(2);
    }

    [Fact]
    public void H69_eight_of_255_tracks_are_accepted_and_always_the_default_one()
    {
        var (video, audio, units) = (new VideoTags(), new AudioTags(), new List<AccessUnit>());
        video.Read(EnhancedBody.VideoTracks(EnhancedPacket.SequenceStart,
            [.. Numbers().Select(n => new EnhancedTrack(n, "avc1", Wire.AvcRecord))]), units).ShouldBe(255 - 7);
        video.Read(EnhancedBody.Video(EnhancedPacket.SequenceStart, "avc1", Wire.AvcRecord), units).ShouldBe(0);
        video.Tracks.Select(t => t.Id).ShouldBe([1, .. Enumerable.Range(1, 7).Select(VideoTags.GetTrackId)]);
        audio.Read(EnhancedBody.AudioTracks(EnhancedPacket.SequenceStart,
            [.. Numbers().Select(n => new EnhancedTrack(n, "mp4a", Wire.AacRecord))]), units).ShouldBe(255 - 7);
        audio.Read((byte[])[0xAF, 0, .. Wire.AacRecord], units).ShouldBe(0);
        audio.Tracks.Count().ShouldBe(8);
        audio.Read(EnhancedBody.Audio(EnhancedPacket.CodedFrames, "mp4a", [0x21, 1], track: 200), units).ShouldBe(1);
        units.ShouldBeEmpty();
    }

    [Fact]
    public void Frame_in_another_codec_than_its_track_is_dropped()
    {
        var tags = new VideoTags();
        Read(tags, EnhancedBody.Video(EnhancedPacket.SequenceStart, "avc1", Wire.AvcRecord));
        tags.Read(EnhancedBody.Video(EnhancedPacket.CodedFramesX, "hvc1", IdrSlice), []).ShouldBe(1);
        tags.Read(EnhancedBody.Video(EnhancedPacket.CodedFrames, "avc1", [0, 0]).AsMemory()[..7], []).ShouldBe(1);
        tags.Read(EnhancedBody.Video(EnhancedPacket.CodedFramesX, "avc1", IdrSlice, track: 1), []).ShouldBe(1);
    }

    [Fact]
    public void Sequence_end_and_command_have_no_effect()
    {
        var tags = new VideoTags();
        tags.Read(EnhancedBody.Video(EnhancedPacket.SequenceEnd, "avc1", []), []).ShouldBe(0);
        tags.Read((byte[])[0xD1, 0], []).ShouldBe(0);
        tags.Count.ShouldBe(0);
    }

    [Fact]
    public void Audio_frames_of_every_codec_report_their_sample_count()
    {
        var tags = new AudioTags();
        Read(tags, EnhancedBody.Audio(EnhancedPacket.SequenceStart, "mp4a", Wire.AacRecord));
        Read(tags, EnhancedBody.Audio(EnhancedPacket.CodedFrames, "mp4a", [0x21, 1])).ShouldHaveSingleItem().Samples.ShouldBe(1024);
        Read(tags, EnhancedBody.Audio(EnhancedPacket.SequenceStart, "Opus", OpusHead, track: 1));
        var opus = Read(tags, EnhancedBody.Audio(EnhancedPacket.CodedFrames, "Opus", [0xFC, 1, 2], track: 1, nanoseconds: 7))
            .ShouldHaveSingleItem();
        (opus.Samples, opus.Track.Timescale, opus.Track.Id, opus.Nanoseconds).ShouldBe((960, 48_000, 4, 7)); // TOC 31: CELT, 20 ms
        Read(tags, EnhancedBody.Audio(EnhancedPacket.SequenceStart, "fLaC", FlacHeader, track: 2));
        tags.IsConfigured(2).ShouldBeTrue();
        tags.Read(EnhancedBody.Audio(EnhancedPacket.CodedFrames, "fLaC", [1, 2, 3], track: 2), []).ShouldBe(1);
    }

    [Fact]
    public void Opus_without_a_header_is_stereo_or_has_the_described_channels()
    {
        var tags = new AudioTags();
        Read(tags, EnhancedBody.Audio(EnhancedPacket.SequenceStart, "Opus", []));
        tags.Track!.Config.AudioFormat!.Channels.ShouldBe(2);
        Read(tags, EnhancedBody.Audio(EnhancedPacket.Description, "Opus", [0, 1], track: 1));
        Read(tags, EnhancedBody.Audio(EnhancedPacket.SequenceStart, "Opus", [], track: 1));
        tags.Tracks.Last().Config.AudioFormat!.Channels.ShouldBe(1);
        Read(tags, EnhancedBody.Audio(EnhancedPacket.Description, "Opus", [1, 6, 0, 0, 0, 0x3F], track: 2));
        tags.GetSpeakerLayout(2).ShouldBe(new SpeakerLayout(6, 0x3F, null));
        tags.Read(EnhancedBody.Audio(EnhancedPacket.SequenceStart, "Opus", [], track: 2), []).ShouldBe(1);
    }

    [Theory]
    [InlineData(new byte[] { 0, 2 }, true)]
    [InlineData(new byte[] { 1, 2, 0, 0, 0, 3 }, true)]
    [InlineData(new byte[] { 2, 3, 0, 1, 0xFE }, true)]
    [InlineData(new byte[] { 1, 2, 0, 0, 0, 1 }, false)] // one loudspeaker for two channels
    [InlineData(new byte[] { 1, 2, 0, 0 }, false)]
    [InlineData(new byte[] { 2, 3, 0, 1 }, false)]
    [InlineData(new byte[] { 3, 2 }, false)]
    [InlineData(new byte[] { 0, 0 }, false)]
    [InlineData(new byte[] { 0, 25 }, false)]
    [InlineData(new byte[] { 0 }, false)]
    [InlineData(new byte[0], false)]
    public void H69_channel_layouts_are_read_within_bounds(byte[] body, bool whole) => SpeakerLayout.TryRead(body, out _).ShouldBe(whole);

    [Fact]
    public void Color_information_is_read_reset_and_validated()
    {
        var tags = new VideoTags();
        Read(tags, EnhancedBody.Video(EnhancedPacket.Description, "hvc1", Color(9, 16, 1000)));
        var color = tags.GetColor(0)!;
        (color.BitDepth, color.Primaries, color.Transfer, color.Matrix).ShouldBe((10, 9, 16, 9));
        (color.Mastering!.MaxLuminance, color.Mastering.MinLuminance, color.Mastering.Red).ShouldBe((1000, null, null));
        Read(tags, EnhancedBody.Video(EnhancedPacket.Description, "hvc1", Color(999, double.NaN, 1e9), track: 1));
        (tags.GetColor(1)!.Primaries, tags.GetColor(1)!.Transfer, tags.GetColor(1)!.Mastering!.MaxLuminance).ShouldBe((null, null, null));
        tags.Read(EnhancedBody.Video(EnhancedPacket.Description, "hvc1", [3, 0, 9, 1]), []).ShouldBe(1);
        tags.Read(EnhancedBody.Video(EnhancedPacket.Description, "hvc1", [2, 0, 1, 65]), []).ShouldBe(1);
        tags.GetColor(0).ShouldNotBeNull();
        Read(tags, EnhancedBody.Video(EnhancedPacket.Description, "hvc1", new AmfWriter().Text("colorInfo").Null().Written));
        tags.GetColor(0).ShouldBeNull();
    }

    [Fact]
    public void Color_information_applies_to_the_track_from_the_next_keyframe()
    {
        var tags = new VideoTags();
        Read(tags, EnhancedBody.Video(EnhancedPacket.Description, "avc1", Color(9, 16, 1000)));
        Read(tags, EnhancedBody.Video(EnhancedPacket.SequenceStart, "avc1", Wire.AvcRecord));
        var first = Read(tags, EnhancedBody.Video(EnhancedPacket.CodedFramesX, "avc1", IdrSlice)).ShouldHaveSingleItem().Track;
        first.ColorInfo.ShouldBe(new ColorInfo(new ColorDescription(9, 16, 9, FullRange: false), null, null));

        Read(tags, EnhancedBody.Video(EnhancedPacket.Description, "avc1", Color(9, 16, 1000)));
        Read(tags, EnhancedBody.Video(EnhancedPacket.CodedFramesX, "avc1", IdrSlice)).ShouldHaveSingleItem().Track.ShouldBeSameAs(first);

        Read(tags, EnhancedBody.Video(EnhancedPacket.Description, "avc1", Color(9, 18, 1000)));
        Read(tags, EnhancedBody.Video(EnhancedPacket.CodedFramesX, "avc1", Slice)).ShouldHaveSingleItem().Track.ShouldBeSameAs(first);
        Read(tags, EnhancedBody.Video(EnhancedPacket.CodedFramesX, "avc1", IdrSlice)).ShouldHaveSingleItem()
            .Track.Color!.Transfer.ShouldBe((byte)18);
        tags.Configurations.ShouldBe(2, "so that an encoder which changes them all the time is noticed");
    }

    [Fact]
    public void Mastering_display_is_forwarded_completely_or_not_at_all()
    {
        var display = new MasteringDisplayMetadata((0.708, 0.292), (0.17, 0.797), (0.131, 0.046), (0.3127, 0.329), 1000, 0.0001);
        var color = new ColorInfoMetadata(10, null, null, null, 400, 1000, display);
        color.ToDescription().ShouldBe(new ColorInfo(
            null, new MasteringDisplay(new(35_400, 14_600), new(8_500, 39_850), new(6_550, 2_300), new(15_635, 16_450), 10_000_000, 1),
            new ContentLightLevel(1000, 400)));
        (color with { Mastering = display with { Green = null } }).ToDescription()!.Mastering.ShouldBeNull();
        new ColorInfoMetadata(10, null, null, null, null, null, null).ToDescription().ShouldBeNull();
    }

    [Fact]
    public void Changed_in_band_parameter_sets_create_a_new_track_from_their_keyframe()
    {
        var tags = new VideoTags();
        Read(tags, EnhancedBody.Video(EnhancedPacket.SequenceStart, "avc1", Wire.AvcRecord));
        var first = Read(tags, EnhancedBody.Video(EnhancedPacket.CodedFramesX, "avc1", IdrSlice)).ShouldHaveSingleItem().Track;
        byte[] pps = [0x68, 0x5E, 0x0F, 0xC8];
        Read(tags, EnhancedBody.Video(EnhancedPacket.CodedFramesX, "avc1", [0, 0, 0, 4, .. pps, .. Slice])).ShouldHaveSingleItem()
            .Track.ShouldBeSameAs(first, "no keyframe");
        var second = Read(tags, EnhancedBody.Video(EnhancedPacket.CodedFramesX, "avc1", [0, 0, 0, 4, .. pps, .. IdrSlice]))
            .ShouldHaveSingleItem().Track;
        ((CodecConfig.Avc)second.Config).Configuration.PpsUnits.Count.ShouldBe(2);
        (second.Id, tags.Configurations).ShouldBe((first.Id, 2));
    }

    [Fact]
    public void Tracks_have_the_language_and_name_from_the_metadata()
    {
        var tags = new AudioTags { Labels = new Dictionary<int,
            TrackLabel> { [0] = TrackLabel.Create("de", null), [1] = TrackLabel.Create("pt-BR", " Sala\u202E 1\n ") } };
        Read(tags, [0xAF, 0, .. Wire.AacRecord]);
        Read(tags, EnhancedBody.Audio(EnhancedPacket.SequenceStart, "mp4a", Wire.AacRecord, track: 1));
        tags.Tracks.Select(t => (t.Language, t.Name)).ShouldBe([("de", null), ("pt-BR", "Sala 1")]);
    }

    [Fact]
    public void Channel_language_applies_when_the_encoder_declares_none()
    {
        var tags = new AudioTags { Languages = ["en", "und", "fr", "pt-BR"],
            Labels = new Dictionary<int, TrackLabel> { [2] = TrackLabel.Create("de", "Halle"), [3] = TrackLabel.Create(null, "Sala") } };
        Read(tags, [0xAF, 0, .. Wire.AacRecord]);
        for (byte track = 1; track < 5; track++)
        {
            Read(tags, EnhancedBody.Audio(EnhancedPacket.SequenceStart, "mp4a", Wire.AacRecord, track: track));
        }

        tags.Tracks.Select(t => (t.Language, t.Name))
            .ShouldBe([("en", null), (null, null), ("de", "Halle"), ("pt-BR", "Sala"), (null, null)]);
    }

    [Fact]
    public void Only_the_first_video_track_has_the_bitrate_declared_in_metadata()
    {
        var tags = new VideoTags { DeclaredBitsPerSecond = 2_500_000 };
        Read(tags, EnhancedBody.Video(EnhancedPacket.SequenceStart, "avc1", Wire.AvcRecord));
        Read(tags, EnhancedBody.VideoTracks(EnhancedPacket.SequenceStart, [new(1, "avc1", Wire.AvcRecord)]));
        tags.Tracks.Select(t => t.DeclaredBitsPerSecond).ShouldBe([2_500_000, 0]);
    }

    [Fact]
    public void Several_FLAC_frames_in_one_message_become_samples_with_their_own_times()
    {
        var tags = new AudioTags();
        Read(tags, EnhancedBody.Audio(EnhancedPacket.SequenceStart, "fLaC", FlacHeader));
        byte[][] frames = [FlacFrame.Write(0), FlacFrame.Write(1, 5), FlacFrame.Write(2)];
        var units = Read(tags, EnhancedBody.Audio(EnhancedPacket.CodedFrames, "fLaC", [.. frames.SelectMany(f => f)]));
        units.Select(u => u.Payload.ToArray()).ShouldBe(frames);
        units.Select(u => u.Samples).ShouldBe([192, 192, 192]);
        units.Select(u => (u.Milliseconds, u.Nanoseconds)).ShouldBe([(0u, 0), (4u, 0), (8u, 0)]);
    }

    [Fact]
    public void Audio_with_several_FLAC_frames_per_message_continues_without_gap_or_loss()
    {
        var session = new SessionHarness();
        session.Feeds(
            [.. Wire.Opening(),
                .. Wire.Message(MessageType.Audio, 1, 0, EnhancedBody.Audio(EnhancedPacket.SequenceStart, "fLaC", FlacHeader), 4)]);
        byte[] message = EnhancedBody.Audio(EnhancedPacket.CodedFrames, "fLaC",
            [.. Enumerable.Range(0, 50).SelectMany(n => FlacFrame.Write((byte)n))]);
        for (uint i = 0; i < 20; i++)
        {
            session.Now += TimeSpan.FromMilliseconds(200);
            session.Feeds(Wire.Message(MessageType.Audio, 1, i * 200, message, 4));
        }

        var samples = session.Samples();
        samples.Count.ShouldBe(1000);
        samples.Select(s => s.Decode.Ticks).ShouldBe(Enumerable.Range(0, 1000).Select(n => samples[0].Decode.Ticks + (n * 192L)));
        session.Feed!.Dropped.ShouldBe(0);
    }

    [Theory]
    [InlineData("en", "en")]
    [InlineData("zh-Hant-TW", "zh-Hant-TW")]
    [InlineData("und", null)]
    [InlineData("e", null)]
    [InlineData("en-", null)]
    [InlineData("en_US", null)]
    [InlineData("\"><script>", null)]
    [InlineData("aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa-a", null)]
    [InlineData(null, null)]
    public void Only_a_language_tag_is_accepted(string? said, string? taken) => TrackLabel.Create(said, null).Language.ShouldBe(taken);

    private static IEnumerable<byte> Numbers() => Enumerable.Range(1, 255).Select(n => (byte)n);

    private static List<AccessUnit> Read(VideoTags tags, byte[] body)
    {
        var units = new List<AccessUnit>();
        tags.Read(body, units).ShouldBe(0);
        return units;
    }

    private static List<AccessUnit> Read(AudioTags tags, byte[] body)
    {
        var units = new List<AccessUnit>();
        tags.Read(body, units).ShouldBe(0);
        return units;
    }

    private static ReadOnlySpan<byte> Color(double primaries, double transfer, double luminance)
    {
        var amf = new AmfWriter().Text("colorInfo");
        using (amf.Object())
        {
            amf.Name("colorConfig");
            using (amf.Object())
            {
                amf.Name("bitDepth").Number(10).Name("colorPrimaries").Number(primaries).Name("transferCharacteristics").Number(transfer)
                    .Name("matrixCoefficients").Number(9);
            }

            amf.Name("hdrMdcv");
            using (amf.Object())
            {
                amf.Name("maxLuminance").Number(luminance).Name("minLuminance").Number(0);
            }
        }

        return amf.Written;
    }
}
