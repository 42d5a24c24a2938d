using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Media;
using Shouldly;
using Xunit;
using static Broadcast.Ingest.Tests.Hostile.ExpectedRejection;

namespace Broadcast.Ingest.Tests.Hostile;

/// <summary>Rows H13 to H28 of the hostile inputs: chunks, their sizes and their headers.</summary>
public sealed class ChunkLayerTests
{
    private const int EightMebibytes = 8 * 1024 * 1024;

    [Fact]
    public void H13_chunk_size_of_zero_ends_the_connection() =>
        Of("H13", Accepted(SetChunkSize(0))).ShouldBe(IngestRejectionReason.InvalidChunkSize);

    [Theory]
    [InlineData(0x80000000)]
    [InlineData(0xFFFFFFFF)]
    public void H14_chunk_size_with_its_top_bit_set_ends_the_connection(uint size) =>
        Of("H14", Accepted(SetChunkSize(size))).ShouldBe(IngestRejectionReason.InvalidChunkSize);

    [Theory]
    [InlineData(1)]
    [InlineData(127)]
    public void H15_chunk_size_small_enough_to_saturate_a_core_is_rejected(uint size) =>
        Of("H15", Accepted(SetChunkSize(size))).ShouldBe(IngestRejectionReason.InvalidChunkSize);

    [Fact]
    public void H16_largest_chunk_size_is_capped_at_the_longest_message_and_allocates_nothing()
    {
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.VideoConfiguration(), Wire.AudioConfiguration()));
        var bytes = SetChunkSize(0x7FFFFFFF);
        Allocated(() => session.Feeds(bytes)).ShouldBeLessThan(16 * 1024);
        var body = Wire.VideoBody(sync: true, 5000);
        session.Feeds(Wire.Chunk(0, 6, 0, body.Length, 9, 1, body));
        session.Samples().ShouldHaveSingleItem().Payload.Length.ShouldBe(5004);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void H17_chunk_size_message_that_is_too_short_ends_the_connection(int length) =>
        Of("H17", Accepted(Wire.Message(MessageType.SetChunkSize, 0, 0, new byte[length], 2)))
        .ShouldBe(IngestRejectionReason.InvalidControl);

    [Fact]
    public void H17_chunk_size_message_that_is_too_long_uses_its_first_four_bytes()
    {
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.VideoConfiguration(), Wire.AudioConfiguration(),
            Wire.Message(MessageType.SetChunkSize, 0, 0, [0, 0, 16, 0, 9, 9, 9], 2)));
        session.Feeds(Wire.Message(MessageType.Video, 1, 0, Wire.VideoBody(sync: true, 5000), 6, chunkSize: 4096));
        session.Samples().ShouldHaveSingleItem();
    }

    [Fact]
    public void H18_chunk_size_changed_inside_a_message_applies_from_the_next_chunk()
    {
        var body = Wire.VideoBody(sync: true, 500);
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.VideoConfiguration(), Wire.AudioConfiguration(), Wire.Chunk(0, 6, 0, body.Length, 9, 1, body[..128]),
            SetChunkSize(4096),
            Wire.Chunk(3, 6, 0, 0, 0, 0, body[128..])));
        session.Samples().ShouldHaveSingleItem().Payload.ToArray().ShouldBe(body[5..]);
    }

    [Fact]
    public void H19_declared_length_allocates_little_and_one_beyond_the_limit_is_rejected()
    {
        Of("H19", Accepted(Wire.Chunk(0, 6, 0, 0xFFFFFF, 9, 1, []))).ShouldBe(IngestRejectionReason.MessageTooLarge);
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.VideoConfiguration(), Wire.AudioConfiguration()));
        var header = Wire.Chunk(0, 6, 0, EightMebibytes, 9, 1, [1]);
        Allocated(() =>
        {
            session.Feeds(header);
            for (var i = 0; i < 100; i++)
            {
                session.Feeds(2);
            }
        }).ShouldBeLessThan(256 * 1024);
    }

    [Theory]
    [InlineData(8, 0)] // an encoder's way to signal silence
    [InlineData(9, 20)]
    [InlineData(20, 20)]
    public void H20_messages_without_a_body_are_counted_and_have_no_effect(byte type, int counted)
    {
        var session = new SessionHarness();
        session.Feeds(Accepted(Times(20, Wire.Message((MessageType)type, 1, 0, []))));
        session.Session.IgnoredMessages.ShouldBe(counted);
        session.Feeds([.. Wire.VideoConfiguration(), .. Wire.AudioConfiguration(), .. Wire.Frame(0, true)]);
        session.Samples().ShouldHaveSingleItem();
    }

    [Fact]
    public void H21_partial_messages_on_many_chunk_streams_hit_the_stream_and_memory_limits()
    {
        byte[] Partial(int stream) => Wire.Chunk(0, stream, 0, EightMebibytes, 9, 1, Wire.Filler(128));
        Of("H21", Accepted([.. Enumerable.Range(3, 65).Select(i => Wire.Chunk(0, i, 0, 1000, 9, 1, Wire.Filler(128)))]))
            .ShouldBe(IngestRejectionReason.TooManyChunkStreams);
        var session = new SessionHarness(new IngestOptions { MaxPartialBytes = 1024 * 1024 });
        session.Feeds(Wire.Opening());
        byte[] bytes = [.. Enumerable.Range(10, 40).SelectMany(Partial)];
        var allocated = Allocated(() => Of("H21", session, bytes).ShouldBe(IngestRejectionReason.PartialMemory));
        allocated.ShouldBeLessThan(2 * 1024 * 1024);
    }

    [Fact]
    public void H22_any_chunk_stream_carries_media_and_commands_and_2_and_3_the_responses()
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Handshake());
        session.Feeds([.. OnChunkStream(700, MessageType.Command, 0, Body(Wire.Connect())),
            .. OnChunkStream(64, MessageType.Command, 0, Body(Wire.CreateStream()))]);
        session.AnswerStreams().ShouldBe([2, 2, 2, 3, 3]);
        session.Feeds([.. OnChunkStream(6, MessageType.Command, 1, Body(Wire.Publish("good"))),
            .. OnChunkStream(2, MessageType.Video, 1, Body(Wire.VideoConfiguration())),
            .. OnChunkStream(319, MessageType.Audio, 1, Body(Wire.AudioConfiguration())),
                .. OnChunkStream(2, MessageType.Video, 1, Wire.VideoBody(true, 50)),
                .. OnChunkStream(65_599, MessageType.Audio, 1, [0xAF, 1, 0x21, 1])]);
        session.Samples().Select(s => s.Track.Kind).ShouldBe([TrackKind.Video, TrackKind.Audio]);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void H23_chunk_stream_that_starts_without_a_length_ends_the_connection(int format) =>
        Of("H23", Accepted(Wire.Chunk(format, 40, 0, 0, 0, 0, []))).ShouldBe(IngestRejectionReason.InvalidChunk);

    [Fact]
    public void H23_chunk_stream_that_starts_with_type_1_counts_from_zero()
    {
        // Its message stream is then 0, which is valid for metadata but not for media.
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.Chunk(1, 40, 7, 2, 9, 0, [1, 2])));
        session.Session.IgnoredMessages.ShouldBe(1);
    }

    [Fact]
    public void H24_new_message_inside_another_on_the_same_chunk_stream_ends_the_connection() =>
        Of("H24", Accepted(Wire.Chunk(0, 6, 0, 300, 9, 1, Wire.Filler(128)), Wire.Chunk(0, 6, 0, 300, 9, 1, [])))
        .ShouldBe(IngestRejectionReason.InvalidChunk);

    [Fact]
    public void H25_length_that_changes_inside_a_message_ends_the_connection() =>
        Of("H25", Accepted(Wire.Chunk(0, 6, 0, 300, 9, 1, Wire.Filler(128)), Wire.Chunk(1, 6, 0, 60_000, 9, 1, [])))
        .ShouldBe(IngestRejectionReason.InvalidChunk);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void H26_extended_timestamps_are_read_at_any_split_whether_type_3_repeats_them_or_not(bool repeated)
    {
        const uint Time = 0x01000203;
        var body = Wire.VideoBody(sync: true, 300);
        byte[] bytes =
        [
            .. Accepted(Wire.VideoConfiguration(Time), Wire.AudioConfiguration(Time)),
            .. Wire.Chunk(0, 6, Time, body.Length, 9, 1, body[..128]),
            .. Wire.Chunk(3, 6, Time, 0, 0, 0, body[128..256], extended: repeated),
            .. Wire.Chunk(3, 6, Time, 0, 0, 0, body[256..], extended: repeated),
            .. Wire.Chunk(0, 6, Time + 40, 0, 9, 1, []), .. Wire.Frame(Time + 80, false),
        ];
        foreach (var size in (int[])[bytes.Length, 1, 3, 100])
        {
            var session = new SessionHarness();
            foreach (var piece in bytes.Chunk(size))
            {
                session.Feeds(piece);
            }

            var samples = session.Samples();
            samples.Count.ShouldBe(2);
            samples[0].Payload.ToArray().ShouldBe(body[5..]);
        }
    }

    [Theory]
    [InlineData(1, 0xFFFFFFu)]
    [InlineData(2, 0x1000000u)]
    [InlineData(1, 0xFFFFFFFFu)]
    public void H27_extended_delta_is_a_delta_and_the_timeline_continues(int format, uint delta)
    {
        var body = Wire.VideoBody(sync: true, 100);
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.VideoConfiguration(), Wire.AudioConfiguration(), Wire.Chunk(0, 6, 40, body.Length, 9, 1, body),
            Wire.Chunk(format, 6, delta, body.Length, 9, 1, body), Wire.Chunk(2, 6, 40, 0, 0, 0, body)));
        var samples = session.Samples();
        samples.Count.ShouldBe(3);
        samples[1].Decode.ShouldBeGreaterThan(samples[0].Decode);
        samples[2].Decode.ShouldBeGreaterThan(samples[1].Decode);
    }

    [Fact]
    public void H28_abort_discards_only_its_message_and_keeps_the_timestamps()
    {
        var (first, second) = (Wire.VideoBody(true, 300), Wire.VideoBody(true, 100));
        byte[] audio = [0xAF, 1, 0x21, .. Wire.Filler(197)];
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.VideoConfiguration(), Wire.AudioConfiguration(),
            Wire.Chunk(0, 6, 1000, first.Length, 9, 1, first[..128]), Wire.Chunk(0, 4, 1000, audio.Length, 8, 1, audio[..128]),
            Abort(6), Abort(6), Abort(77), Abort(uint.MaxValue),
            Wire.Chunk(1, 6, 40, second.Length, 9, 1, second), Wire.Chunk(3, 4, 0, 0, 0, 0, audio[128..]), Wire.Frame(1080, true)));
        var samples = session.Samples();
        samples.Select(s => s.Track.Kind).ShouldBe([TrackKind.Video, TrackKind.Audio, TrackKind.Video]);
        (samples[2].Decode.ToTimeSpan() - samples[0].Decode.ToTimeSpan()).TotalMilliseconds
            .ShouldBe(40, 1, "the delta behind Abort counts from what was said before it");
        Of("H28", Accepted(Wire.Message(MessageType.Abort, 0, 0, [0, 0, 6], 2))).ShouldBe(IngestRejectionReason.InvalidControl);
    }

    private static byte[] SetChunkSize(uint size) => Wire.Message(MessageType.SetChunkSize, 0, 0, Wire.UInt32(size), 2);

    private static byte[] Abort(uint chunkStream) => Wire.Message(MessageType.Abort, 0, 0, Wire.UInt32(chunkStream), 2);

    private static byte[] Body(byte[] message)
    {
        var reader = new System.Buffers.SequenceReader<byte>(new System.Buffers.ReadOnlySequence<byte>(message));
        new Broadcast.Ingest.Rtmp.Chunks.ChunkReader(Wire.Wide, 128).TryRead(ref reader, out var read).ShouldBeTrue();
        return read.Payload.ToArray();
    }

    private static byte[] OnChunkStream(int chunkStream, MessageType type, uint stream, byte[] body)
    {
        var bytes = Wire.Chunk(0, chunkStream, 0, body.Length, (byte)type, stream, body.AsSpan(0, Math.Min(128, body.Length))).ToList();
        for (var at = 128; at < body.Length; at += 128)
        {
            bytes.AddRange(Wire.Chunk(3, chunkStream, 0, 0, 0, 0, body.AsSpan(at, Math.Min(128, body.Length - at))));
        }

        return [.. bytes];
    }
}
