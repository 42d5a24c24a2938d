using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Tests.Rtmp;
using Shouldly;
using Xunit;
using static Broadcast.Ingest.Tests.Hostile.ExpectedRejection;

namespace Broadcast.Ingest.Tests.Hostile;

/// <summary>Audio and video messages that cost more to process than to send.</summary>
public sealed class MediaFloodTests
{
    /// <summary>First bytes of an Enhanced RTMP video message with metadata of H.264.</summary>
    private static readonly byte[] MetadataHead = [0x94, (byte)'a', (byte)'v', (byte)'c', (byte)'1'];

    public static TheoryData<string, byte, byte[]> Cheap => new()
    {
        { "audio without a body", 8, [] },
        { "audio that its clock drops", 8, [0xAF, 1, 0x21] },
        { "player commands", 9, [0x57] },
    };

    [Theory]
    [MemberData(nameof(Cheap))]
    public void H29_flood_of_audio_or_video_is_ended_after_a_minute_of_a_burst(string what, byte type, byte[] body)
    {
        var session = Publishing();
        session.Feeds(Wire.Message((MessageType)type, 1, 0, body, 9));

        // Each message is a header of one byte and its body.
        byte[] next = [0xC9, .. body];
        session.Feeds(Times(119_000, next));
        var refusal = Should.Throw<RtmpProtocolException>(() => session.Feeds(Times(2000, next)), what);
        (refusal.Reason, refusal.Rule, refusal.Status).ShouldBe((IngestRejectionReason.Flood, "H29", "NetStream.Publish.Rejected"));
    }

    [Fact]
    public void H29_eight_tracks_of_120_fps_are_accepted_for_hours_and_after_a_minute_of_network_outage()
    {
        const int PerSecond = (8 * 120) + (8 * 94);
        var limiter = new MessageRateLimiter();
        var now = new DateTimeOffset(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
        for (var second = 0; second < 600; second++, now += TimeSpan.FromSeconds(1))
        {
            Count(PerSecond);
        }

        now += TimeSpan.FromSeconds(59);
        Should.NotThrow(() => Count(60 * PerSecond));

        void Count(int messages)
        {
            for (var i = 0; i < messages; i++)
            {
                limiter.CountMedia(now);
            }
        }
    }

    [Fact]
    public void H29_parts_of_aggregates_count_like_messages()
    {
        var session = Publishing();
        var aggregate = Wire.Message(MessageType.Aggregate, 1, 0, Times(1000, [8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 9);
        session.Feeds(Times(119, aggregate));
        Of("H29", session, Times(2, aggregate)).ShouldBe(IngestRejectionReason.Flood);
    }

    [Fact]
    public void H58_flood_of_unusable_audio_and_video_is_ended()
    {
        var session = Publishing();
        session.Feeds(Wire.Message(MessageType.Audio, 1, 0, [0xAF, 9], 9));
        session.Feeds(Times(29_000, [0xC9, 0xAF, 9]));
        session.Feed!.Malformed.ShouldBe(29_001);
        var refusal = Should.Throw<RtmpProtocolException>(() => session.Feeds(Times(2000, [0xC9, 0xAF, 9])));
        (refusal.Reason, refusal.Rule, refusal.Status).ShouldBe((IngestRejectionReason.Flood, "H58", "NetStream.Publish.Rejected"));
    }

    [Fact]
    public void H60_records_that_cannot_be_read_count_as_changes_of_the_configuration()
    {
        var session = Publishing();
        for (byte i = 0; i < 20; i++)
        {
            session.Feeds(Record([2, i]));
        }

        session.Feed!.Malformed.ShouldBe(20);
        Of("H63", session, Record([2, 20])).ShouldBe(IngestRejectionReason.ConfigurationFlood);
    }

    [Fact]
    public void H60_color_metadata_that_cannot_be_read_counts_as_a_change_of_the_configuration()
    {
        var session = Publishing();
        for (byte i = 0; i < 20; i++)
        {
            session.Feeds(Wire.Message(MessageType.Video, 1, 0, [.. MetadataHead, 2, 0, 9, i], 6));
        }

        session.Feed!.Malformed.ShouldBe(20);
        Of("H63", session, Wire.Message(MessageType.Video, 1, 0, [.. MetadataHead, 2, 0, 9, 20], 6))
            .ShouldBe(IngestRejectionReason.ConfigurationFlood);
    }

    [Fact]
    public void H68_audio_records_that_cannot_be_read_count_as_changes_of_the_configuration()
    {
        var session = Publishing();
        for (byte i = 0; i < 20; i++)
        {
            session.Feeds(Wire.Message(MessageType.Audio, 1, 0, [0xAF, 0, 0xF8, i], 4));
        }

        Of("H63", session, Wire.Message(MessageType.Audio, 1, 0, [0xAF, 0, 0xF8, 20], 4))
            .ShouldBe(IngestRejectionReason.ConfigurationFlood);
    }

    [Fact]
    public void H60_repeated_record_that_cannot_be_read_is_parsed_once()
    {
        var session = Publishing();
        session.Feeds(Record([2, 2, 2]));
        CountExceptions(() => session.Feeds(Times(1000, Record([2, 2, 2])))).ShouldBe(0);
        session.Feed!.Malformed.ShouldBe(1001);
        session.Feeds(Wire.Frame(0, true));
        session.Samples().ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("ac-3")]
    [InlineData("ec-3")]
    public void H68_malformed_frames_of_AC3_are_dropped_without_an_exception(string codec)
    {
        byte[] head = [0x91, .. codec.Select(c => (byte)c)];
        var session = Publishing();
        CountExceptions(() =>
        {
            session.Feeds(Wire.Message(MessageType.Audio, 1, 0, head, 4));
            session.Feeds(Wire.Message(MessageType.Audio, 1, 0, [.. head, 0, 0], 4));
            session.Feeds(Wire.Message(MessageType.Audio, 1, 0, [.. head, 0x0B, 0x77, .. new byte[100]], 4));
            session.Feeds(Wire.Message(MessageType.Audio, 1, 0, [.. head, 0x0B, 0x77, .. Wire.Filler(100)], 4));
        }).ShouldBe(0);
        session.Feed!.Malformed.ShouldBe(4);
    }

    /// <summary>Number of exceptions thrown on this thread during an action, caught or not.</summary>
    private static int CountExceptions(Action action)
    {
        var (thread, thrown) = (Environment.CurrentManagedThreadId, 0);
        void Count(object? sender, System.Runtime.ExceptionServices.FirstChanceExceptionEventArgs e) =>
            thrown += Environment.CurrentManagedThreadId == thread ? 1 : 0;
        AppDomain.CurrentDomain.FirstChanceException += Count;
        try
        {
            action();
            return thrown;
        }
        finally
        {
            AppDomain.CurrentDomain.FirstChanceException -= Count;
        }
    }

    private static byte[] Record(byte[] bytes) => Wire.Message(MessageType.Video, 1, 0, [0x17, 0, 0, 0, 0, .. bytes], 6);

    private static SessionHarness Publishing()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Opening(), .. Wire.VideoConfiguration(), .. Wire.AudioConfiguration()]);
        return session;
    }
}
