using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Flv;
using Broadcast.Media;
using Broadcast.Publisher;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

/// <summary>Extended headers of Enhanced RTMP v2, byte for byte.</summary>
public sealed class EnhancedTagTests
{
    public static TheoryData<string, string, byte[], string[]> Video => new()
    {
        { "SequenceStart", "90 hvc1", [1, 2], ["SequenceStart hvc1 0 0102"] },
        { "CodedFrames", "A1 av01", [1, 2], ["CodedFrames av01 0 0102"] },
        { "CodedFrames of H.264 keep their composition time in the body", "91 avc1", [0, 0, 40, 9], ["CodedFrames avc1 0 00002809"] },
        { "SequenceEnd without a body", "92 vp09", [], ["SequenceEnd vp09 0 "] },
        { "CodedFramesX", "A3 hvc1", [7], ["CodedFramesX hvc1 0 07"] },
        { "Metadata", "94 hvc1", [2, 0, 0], ["Metadata hvc1 0 020000"] },
        { "Metadata whose frame type says command", "D4 hvc1", [2], ["Metadata hvc1 0 02"] },
        { "MPEG2TSSequenceStart", "95 av01", [1], ["TransportStreamStart av01 0 01"] },
        { "a player's command has no packets", "D1", [0], [] },
        { "a player's command behind an extension", "D7 02000001 01", [0], [] },
        { "OneTrack", "96 01 hvc1 05", [1, 2, 3], ["CodedFrames hvc1 5 010203"] },
        { "OneTrack, SequenceStart", "96 00 avc1 01", [1], ["SequenceStart avc1 1 01"] },
        { "OneTrack with nothing in it", "96 01 hvc1 05", [], ["CodedFrames hvc1 5 "] },
        { "ManyTracks", "96 13 hvc1 00 000002 0102 07 000001 03", [], ["CodedFramesX hvc1 0 0102", "CodedFramesX hvc1 7 03"] },
        { "ManyTracksManyCodecs", "96 20 hvc1 00 000001 01 av01 01 000002 0203", [],
            ["SequenceStart hvc1 0 01", "SequenceStart av01 1 0203"] },
        { "ModEx of a kind that nobody knows", "97 00 FF F1 avc1", [1], ["CodedFrames avc1 0 01"] },
        { "ModEx of 256 bytes, whose length takes 16 bits", "97 FF 00FF " + Zeros(256) + " 01 avc1", [1], ["CodedFrames avc1 0 01"] },
        { "ModEx of 65,536 bytes", "97 FF FFFF " + Zeros(65_536) + " 01 avc1", [1], ["CodedFrames avc1 0 01"] },
        { "eight ModEx", "97 " + string.Concat(Enumerable.Repeat("00 00 07 ", 7)) + "00 00 01 avc1", [1], ["CodedFrames avc1 0 01"] },
        { "ModEx, then several tracks", "97 02 000005 06 01 avc1 02", [1], ["CodedFrames avc1 2 01 +5"] },
        { "TimestampOffsetNano", "97 02 0F423F 01 avc1", [1], ["CodedFrames avc1 0 01 +999999"] },
        { "TimestampOffsetNano of 24 ones is cut to a millisecond", "97 02 FFFFFF 01 avc1", [1], ["CodedFrames avc1 0 01 +999999"] },
        { "TimestampOffsetNano with two bytes says nothing", "97 01 FFFF 01 avc1", [1], ["CodedFrames avc1 0 01"] },
    };

    public static TheoryData<string, string, byte[], string[]> Audio => new()
    {
        { "SequenceStart", "90 Opus", [1], ["SequenceStart Opus 0 01"] },
        { "CodedFrames", "91 fLaC", [1, 2], ["CodedFrames fLaC 0 0102"] },
        { "SequenceEnd", "92 mp4a", [], ["SequenceEnd mp4a 0 "] },
        { "MultichannelConfig", "94 ac-3", [1, 2, 0, 0, 0, 3], ["ChannelConfiguration ac-3 0 010200000003"] },
        { "OneTrack", "95 01 mp4a 03", [9], ["CodedFrames mp4a 3 09"] },
        { "ManyTracks", "95 10 ec-3 00 000001 01 01 000000", [], ["SequenceStart ec-3 0 01", "SequenceStart ec-3 1 "] },
        { "ManyTracksManyCodecs", "95 21 mp4a 00 000001 01 Opus 01 000001 02", [], ["CodedFrames mp4a 0 01", "CodedFrames Opus 1 02"] },
        { "TimestampOffsetNano", "97 03 00000A FF 01 Opus", [1], ["CodedFrames Opus 0 01 +10"] },
    };

    public static TheoryData<string, string, string, int> Broken => new()
    {
        { "H69: packet type 15", "video", "9F hvc1 00", 0 },
        { "H69: packet type 8", "video", "98 hvc1 00", 0 },
        { "H69: packet type 3 of audio", "audio", "93 Opus 00", 0 },
        { "H69: packet type 6 of audio", "audio", "96 Opus 00", 0 },
        { "H69: multitrack inside multitrack", "video", "96 06 01 hvc1 00 00", 0 },
        { "H69: multitrack inside multitrack of audio", "audio", "95 05 01 Opus 00 00", 0 },
        { "H69: ModEx inside multitrack", "video", "96 07 00 00 01 hvc1 00", 0 },
        { "H69: a kind of multitrack that nobody knows", "video", "96 31 hvc1 00", 0 },
        { "H69: nine ModEx", "video", "97 " + string.Concat(Enumerable.Repeat("00 00 07 ", 9)) + "01 avc1 01", 0 },
        { "H69: a ModEx past the end", "video", "97 05 0000", 0 },
        { "H69: a ModEx of 16 bits past the end", "video", "97 FF FFFF 00", 0 },
        { "H69: half a length of a ModEx", "video", "97 FF 00", 0 },
        { "H69: a ModEx with nothing behind it", "video", "97 00 00", 0 },
        { "H69: a ModEx and no more", "video", "97", 0 },
        { "H69: no codec", "video", "90", 0 },
        { "H69: half a codec", "video", "90 6876", 0 },
        { "H69: multitrack and no more", "video", "96", 0 },
        { "H69: OneTrack without a number", "video", "96 01 hvc1", 0 },
        { "H69: ManyTracks without a length", "video", "96 11 hvc1 00 0000", 0 },
        { "H69: a length past the end", "video", "96 11 hvc1 00 000003 0102", 0 },
        { "H69: a length of 16 MiB", "video", "96 11 hvc1 00 FFFFFF 0102", 0 },
        { "H69: one whole track, then half a one", "video", "96 11 hvc1 00 000001 01 01", 1 },
        { "H69: half a codec for the second track", "audio", "95 21 mp4a 00 000001 01 4F70", 1 },
        { "H69: 257 packets", "audio", "95 11 mp4a " + string.Concat(Enumerable.Repeat("00 000000 ", 257)), 256 },
    };

    [Theory]
    [MemberData(nameof(Video))]
    public void Video_packets_are_read(string what, string header, byte[] body, string[] packets) =>
    Read(Bytes(header, body), TrackKind.Video, out var broken)
        .ShouldBe(packets, what + (broken ? ", which is not broken" : ""));

    [Theory]
    [MemberData(nameof(Audio))]
    public void Audio_packets_are_read(string what, string header, byte[] body, string[] packets) =>
    Read(Bytes(header, body), TrackKind.Audio, out var broken)
        .ShouldBe(packets, what + (broken ? ", which is not broken" : ""));

    [Theory]
    [MemberData(nameof(Broken))]
    public void H69_malformed_tag_ends_at_the_malformed_packet(string what, string kind, string bytes, int good)
    {
        var packets = Read(Bytes(bytes, []), kind == "video" ? TrackKind.Video : TrackKind.Audio, out var broken);
        (packets.Length, broken).ShouldBe((good, true), what);
    }

    [Fact]
    public void H69_any_bytes_are_read_without_an_exception_and_within_bounds()
    {
        foreach (var (video, body) in Random())
        {
            var tag = EnhancedTag.Read(body, video ? TrackKind.Video : TrackKind.Audio);
            var (total, count) = (0, 0);
            while (tag.TryNext(out var packet))
            {
                total += packet.Body.Length;
                count++;
            }

            total.ShouldBeLessThanOrEqualTo(body.Length);
            count.ShouldBeLessThanOrEqualTo(EnhancedTag.MaxPackets);
            tag.Nanoseconds.ShouldBeInRange(0, EnhancedTag.MaxNanoseconds);
        }
    }

    [Fact]
    public void H69_any_bytes_result_in_frames_drops_or_a_rejection()
    {
        var (video, audio, units, refused, dropped) = (new VideoTags(), new AudioTags(), new List<AccessUnit>(), 0, 0);
        foreach (var (isVideo, body) in Random())
        {
            try
            {
                dropped += isVideo ? video.Read(body, units) : audio.Read(body, units);
            }
            catch (RtmpProtocolException e)
            {
                e.Reason.ShouldBe(IngestRejectionReason.UnsupportedCodec);
                refused++;
            }

            video.Count.ShouldBeLessThanOrEqualTo(VideoTags.MaxTracks);
            audio.Count.ShouldBeLessThanOrEqualTo(VideoTags.MaxTracks);
        }

        refused.ShouldBeGreaterThan(100);
        dropped.ShouldBeGreaterThan(1000);
    }

    [Fact]
    public void Tags_written_by_the_client_are_read_back()
    {
        Read(EnhancedBody.Video(EnhancedPacket.CodedFrames, "hvc1", [1], isSync: false, compositionOffset: -1), TrackKind.Video, out _)
            .ShouldBe(["CodedFrames hvc1 0 FFFFFF01"]);
        Read(EnhancedBody.Video(EnhancedPacket.CodedFrames, "av01", [1], track: 4, nanoseconds: 333_333), TrackKind.Video, out _)
            .ShouldBe(["CodedFrames av01 4 01 +333333"]);
        Read(EnhancedBody.Audio(EnhancedPacket.SequenceStart, "Opus", [1], track: 2), TrackKind.Audio, out _)
            .ShouldBe(["SequenceStart Opus 2 01"]);
        EnhancedTrack[] tracks = [new(0, "mp4a", new byte[] { 1 }), new(9, "Opus", new byte[] { 2, 3 })];
        Read(EnhancedBody.AudioTracks(EnhancedPacket.CodedFrames, tracks), TrackKind.Audio, out _)
            .ShouldBe(["CodedFrames mp4a 0 01", "CodedFrames Opus 9 0203"]);
        Read(EnhancedBody.VideoTracks(EnhancedPacket.CodedFramesX, [new(3, "avc1", new byte[] { 1 })]), TrackKind.Video, out _)
            .ShouldBe(["CodedFramesX avc1 3 01"]);
        Read(EnhancedBody.ConvertToTrack(new FlvTag(9, 0, Wire.VideoBody(true, 2, -5)), 2).Body.ToArray(), TrackKind.Video, out _)
            .ShouldBe(["CodedFrames avc1 2 FFFFFB000000026500"]);
    }

    /// <summary>Random bodies, most of them with a codec in its place, so that not all fail at the same check.</summary>
    private static IEnumerable<(bool Video, byte[] Body)> Random()
    {
        var random = new Random(20260222);
        byte[][] codecs = [.. FourCc.Video.Concat(FourCc.Audio).Append(FourCc.Mp3).Select(c => Bytes(FourCc.Name(c), []))];
        for (var round = 0; round < 20_000; round++)
        {
            var body = new byte[random.Next(1, 60)];
            random.NextBytes(body);
            var video = random.Next(2) == 0;
            body[0] = (byte)(video ? 0x80 | body[0] : 0x90 | (body[0] & 15));
            if (random.Next(8) > 0)
            {
                var at = random.Next(1, 4);
                codecs[random.Next(codecs.Length)].AsSpan(0, Math.Min(4, Math.Max(0, body.Length - at)))
                    .CopyTo(body.AsSpan(Math.Min(at, body.Length)));
            }

            yield return (video, body);
        }
    }

    private static string[] Read(byte[] body, TrackKind kind, out bool broken)
    {
        var packets = new List<string>();
        var tag = EnhancedTag.Read(body, kind);
        while (tag.TryNext(out var packet))
        {
            var nano = tag.Nanoseconds > 0 ? $" +{tag.Nanoseconds}" : "";
            packets.Add($"{packet.Type} {FourCc.Name(packet.Codec)} {packet.Track} {Convert.ToHexString(packet.Body.Span)}{nano}");
        }

        broken = tag.IsBroken;
        return [.. packets];
    }

    /// <summary>Hexadecimal numbers mixed with codec names.</summary>
    private static byte[] Bytes(string text, byte[] more) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(word => word.Length == 4 && !word.All(char.IsAsciiHexDigitUpper)
            ? System.Text.Encoding.ASCII.GetBytes(word)
            : Convert.FromHexString(word)), .. more];

    private static string Zeros(int count) => new('0', count * 2);
}
