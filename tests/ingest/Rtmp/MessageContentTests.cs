using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Flv;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media.IngestToCluster;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

/// <summary>Content of forwarded messages: what a relay must not lose.</summary>
public sealed class MessageContentTests
{
    private const string Avc1 = "61766331";
    private const string Hvc1 = "68766331";
    private const string Opus = "4F707573";

    [Theory]
    [InlineData("a configuration of H.264", "1700000000", RelayedContent.Configuration, 0)]
    [InlineData("a keyframe of H.264", "170100000065", RelayedContent.Keyframe, 0)]
    [InlineData("a frame of H.264", "270100000041", RelayedContent.Media, 0)]
    [InlineData("a disposable frame of H.264", "370100000001", RelayedContent.Media, 0)]
    [InlineData("the end of a sequence", "1702000000", RelayedContent.Media, 0)]
    [InlineData("a player command, not a configuration", "5700", RelayedContent.Media, 0)]
    [InlineData("a frame of another codec, not a configuration", "2200", RelayedContent.Media, 0)]
    [InlineData("a truncated keyframe", "17", RelayedContent.Media, 0)]
    [InlineData("a truncated frame", "27", RelayedContent.Media, 0)]
    [InlineData("an empty message", "", RelayedContent.Media, 0)]
    [InlineData("a configuration of HEVC", "90" + Hvc1 + "01", RelayedContent.Configuration, 0)]
    [InlineData("a keyframe of HEVC", "91" + Hvc1 + "000000" + "26", RelayedContent.Keyframe, 0)]
    [InlineData("a keyframe of HEVC without composition time", "93" + Hvc1 + "26", RelayedContent.Keyframe, 0)]
    [InlineData("a frame of HEVC", "A1" + Hvc1 + "000000" + "02", RelayedContent.Media, 0)]
    [InlineData("metadata of frames, whose frame type has no meaning", "94" + Hvc1 + "0200", RelayedContent.Media, 0)]
    [InlineData("a player command in an enhanced header", "D000", RelayedContent.Media, 0)]
    [InlineData("a truncated codec", "90" + "6876", RelayedContent.Media, 0)]
    [InlineData("an unknown packet type", "AF" + Hvc1, RelayedContent.Media, 0)]
    [InlineData("one track's configuration", "96" + "00" + Avc1 + "03" + "01", RelayedContent.Configuration, 3)]
    [InlineData("one track's keyframe", "96" + "01" + Avc1 + "03" + "000000" + "65", RelayedContent.Keyframe, 3)]
    [InlineData("configurations of two tracks", "96" + "10" + Avc1 + "00" + "000001" + "01" + "01" + "000001" + "01",
        RelayedContent.Configuration, -1)]
    [InlineData("configurations of two codecs", "96" + "20" + Avc1 + "00" + "000001" + "01" + Hvc1 + "01" + "000001" + "01",
        RelayedContent.Configuration, -1)]
    [InlineData("two tracks, of which the second is truncated", "96" + "10" + Avc1 + "00" + "000001" + "01" + "01" + "0000FF" + "01",
        RelayedContent.Configuration, 0)]
    [InlineData("an extension before a configuration", "97" + "02" + "000001" + "00" + Avc1 + "01", RelayedContent.Configuration, 0)]
    public void Content_of_a_video_message_is_known_from_its_header(string what, string body, RelayedContent content, int track) =>
        Of(MessageType.Video, Convert.FromHexString(body)).ShouldBe((content, track), what);

    [Theory]
    [InlineData("a configuration of AAC", "AF001190", RelayedContent.Configuration, 0)]
    [InlineData("a frame of AAC", "AF0121", RelayedContent.Media, 0)]
    [InlineData("a truncated frame", "AF", RelayedContent.Media, 0)]
    [InlineData("a frame of MP3, not a configuration", "2F00", RelayedContent.Media, 0)]
    [InlineData("an empty message", "", RelayedContent.Media, 0)]
    [InlineData("a configuration of Opus", "90" + Opus + "01", RelayedContent.Configuration, 0)]
    [InlineData("a frame of Opus", "91" + Opus + "01", RelayedContent.Media, 0)]
    [InlineData("a speaker layout", "94" + Opus + "0102", RelayedContent.Configuration, 0)]
    [InlineData("one track's configuration", "95" + "00" + Opus + "02" + "01", RelayedContent.Configuration, 2)]
    [InlineData("frames of two tracks", "95" + "11" + Opus + "00" + "000001" + "01" + "01" + "000001" + "01", RelayedContent.Media, -1)]
    public void Content_of_an_audio_message_is_known_from_its_header(string what, string body, RelayedContent content, int track) =>
        Of(MessageType.Audio, Convert.FromHexString(body)).ShouldBe((content, track), what);

    [Fact]
    public void Any_bytes_have_a_content()
    {
        var random = new Random(7);
        for (var i = 0; i < 50_000; i++)
        {
            var body = new byte[random.Next(0, 40)];
            random.NextBytes(body);
            if (body.Length > 0 && i % 2 == 0)
            {
                body[0] = (byte)(0x90 | random.Next(8));
            }

            var (content, track) = Of(i % 3 == 0 ? MessageType.Video : MessageType.Audio, body);
            Enum.IsDefined(content).ShouldBeTrue();
            track.ShouldBeInRange(-1, 255);
        }
    }

    private static (RelayedContent Content, int Track) Of(MessageType type, byte[] body) =>
        MessageContent.Of(new RtmpMessage(type, 1, 0, body));
}
