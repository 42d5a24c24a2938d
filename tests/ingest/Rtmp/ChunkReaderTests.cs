using System.Buffers;
using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

public sealed class ChunkReaderTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(319)]
    [InlineData(320)]
    [InlineData(65_599)]
    public void Every_form_of_basic_header_is_read(int chunkStream)
    {
        var message = Read(Wire.Chunk(0, chunkStream, 1000, 5, 8, 1, Wire.Filler(5))).ShouldHaveSingleItem();
        message.ShouldBe((8, 1u, 1000u, 5));
    }

    [Theory]
    [InlineData(0, 0x123456u)]
    [InlineData(0, 0xFFFFFEu)]
    [InlineData(0, 0xFFFFFFu)]
    [InlineData(0, 0xFFFFFFFFu)]
    [InlineData(1, 40u)]
    [InlineData(1, 0x1000000u)]
    [InlineData(2, 40u)]
    [InlineData(2, 0x1000000u)]
    public void Partial_header_consumes_nothing(int format, uint time)
    {
        var streams = new ChunkStreams();
        var header = Wire.Chunk(format, 700, time, 5, 9, 0x01020304, []);
        for (var length = 0; length < header.Length; length++)
        {
            ChunkHeader.Read(header.AsSpan(0, length), streams, out _).ShouldBe(0);
        }

        ChunkHeader.Read(header, streams, out var whole).ShouldBe(header.Length);
        whole.ShouldBe(new ChunkHeader(700, format, time, format <= 1 ? 5 : 0, format <= 1 ? MessageType.Video : default,
            format == 0 ? 0x01020304u : 0, time >= 0xFFFFFF));
    }

    [Fact]
    public void Type_3_header_repeats_the_last_delta()
    {
        byte[] bytes =
        [
            .. Wire.Chunk(0, 4, 5000, 2, 8, 1, [1, 2]),
            .. Wire.Chunk(1, 4, 40, 2, 8, 1, [3, 4]),
            .. Wire.Chunk(3, 4, 0, 0, 0, 0, [5, 6]),
            .. Wire.Chunk(2, 4, 10, 0, 0, 0, [7, 8]),
            .. Wire.Chunk(3, 4, 0, 0, 0, 0, [9, 9]),
        ];
        Read(bytes).Select(m => m.Time).ShouldBe([5000u, 5040, 5080, 5090, 5100]);
    }

    [Theory]
    [InlineData(23u, 46u)] // "the same delta as the timestamp of type 0", as ffmpeg has it at the start
    [InlineData(900_000u, 900_000u)] // a jump of 15 minutes is implausible
    public void Type_3_header_after_type_0_repeats_its_timestamp_when_usable_as_a_delta(uint first, uint second)
    {
        byte[] bytes = [.. Wire.Chunk(0, 4, first, 2, 8, 1, [1, 2]), .. Wire.Chunk(3, 4, 0, 0, 0, 0, [5, 6])];
        Read(bytes).Select(m => m.Time).ShouldBe([first, second]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Extended_timestamps_are_read_with_or_without_repetition_in_continuations(bool repeated)
    {
        const uint Time = 0x01000203;
        var body = Wire.Filler(300);
        byte[] Rest(byte[] data) => Wire.Chunk(3, 6, Time, 0, 0, 0, data, extended: repeated);
        byte[] bytes =
        [
            .. Wire.Chunk(0, 6, Time, 300, 9, 1, body[..128]), .. Rest(body[128..256]), .. Rest(body[256..]),
            .. Wire.Chunk(0, 6, Time + 40, 3, 9, 1, [7, 8, 9]),
        ];
        foreach (var message in Messages(bytes).Take(1))
        {
            message.Payload.ToArray().ShouldBe(body);
            message.Timestamp.ShouldBe(Time);
        }

        Read(bytes).Select(m => m.Time).ShouldBe([Time, Time + 40]);
        EverySplitReadsTheSame(bytes);
    }

    [Fact]
    public void Short_last_chunk_without_the_repeated_timestamp_completes_the_message()
    {
        byte[] bytes = [.. Wire.Chunk(0, 6, 0x01000203, 130, 9, 1, Wire.Filler(128)),
            .. Wire.Chunk(3, 6, 0, 0, 0, 0, [0x55, 0x66], extended: false)];
        Read(bytes).ShouldHaveSingleItem().Length.ShouldBe(130);
    }

    [Fact]
    public void Interleaved_messages_are_reassembled()
    {
        var (video, audio) = (Wire.Filler(300), Wire.Filler(200));
        byte[] bytes =
        [
            .. Wire.Chunk(0, 6, 0, 300, 9, 1, video[..128]), .. Wire.Chunk(0, 4, 0, 200, 8, 1, audio[..128]),
            .. Wire.Chunk(3, 6, 0, 0, 0, 0, video[128..256]), .. Wire.Chunk(3, 4, 0, 0, 0, 0, audio[128..]),
            .. Wire.Chunk(3, 6, 0, 0, 0, 0, video[256..]),
        ];
        var messages = Messages(bytes);
        messages.Select(m => m.Type).ShouldBe([MessageType.Audio, MessageType.Video]);
        messages[0].Payload.ToArray().ShouldBe(audio);
        messages[1].Payload.ToArray().ShouldBe(video);
        EverySplitReadsTheSame(bytes);
    }

    [Fact]
    public void New_chunk_size_applies_from_the_next_chunk()
    {
        var body = Wire.Filler(500);
        byte[] bytes =
        [
            .. Wire.Chunk(0, 6, 0, 500, 9, 1, body[..128]),
            .. Wire.Message(MessageType.SetChunkSize, 0, 0, Wire.UInt32(4096), 2),
            .. Wire.Chunk(3, 6, 0, 0, 0, 0, body[128..]),
        ];
        Messages(bytes)[^1].Payload.ToArray().ShouldBe(body);
        EverySplitReadsTheSame(bytes);
    }

    [Fact]
    public void Abort_discards_only_its_message_and_keeps_the_timestamps()
    {
        byte[] bytes =
        [
            .. Wire.Chunk(0, 6, 1000, 300, 9, 1, Wire.Filler(128)), .. Wire.Chunk(0, 4, 0, 200, 8, 1, Wire.Filler(128)),
            .. Wire.Message(MessageType.Abort, 0, 0, Wire.UInt32(6), 2), .. Wire.Message(MessageType.Abort, 0, 0, Wire.UInt32(77), 2),
            .. Wire.Chunk(1, 6, 40, 2, 9, 1, [1, 2]), .. Wire.Chunk(3, 4, 0, 0, 0, 0, Wire.Filler(72)),
        ];
        Read(bytes).ShouldBe([(2, 0u, 0u, 4), (2, 0u, 0u, 4), (9, 1u, 1040u, 2), (8, 1u, 0u, 200)]);
    }

    [Theory]
    [InlineData(0u, IngestRejectionReason.InvalidChunkSize)]
    [InlineData(1u, IngestRejectionReason.InvalidChunkSize)]
    [InlineData(127u, IngestRejectionReason.InvalidChunkSize)]
    [InlineData(0x80000000u, IngestRejectionReason.InvalidChunkSize)]
    [InlineData(0xFFFFFFFFu, IngestRejectionReason.InvalidChunkSize)]
    public void Invalid_chunk_size_is_rejected(uint size, IngestRejectionReason reason) =>
    Rejection(Wire.Message(MessageType.SetChunkSize, 0, 0, Wire.UInt32(size), 2)).ShouldBe(reason);

    [Fact]
    public void Largest_chunk_size_allocates_nothing_and_reading_continues()
    {
        byte[] bytes = [.. Wire.Message(MessageType.SetChunkSize, 0, 0, Wire.UInt32(0x7FFFFFFF), 2),
            .. Wire.Chunk(0, 6, 0, 5000, 9, 1, Wire.Filler(5000))];
        Read(bytes)[^1].Length.ShouldBe(5000);
    }

    public static TheoryData<byte[], IngestRejectionReason> Broken => new()
    {
        { Wire.Chunk(2, 5, 0, 0, 0, 0, []), IngestRejectionReason.InvalidChunk },
        { Wire.Chunk(3, 5, 0, 0, 0, 0, []), IngestRejectionReason.InvalidChunk },
        { [.. Wire.Chunk(0, 5, 0, 300, 9, 1, Wire.Filler(128)), .. Wire.Chunk(0, 5, 0, 300, 9, 1, [])],
            IngestRejectionReason.InvalidChunk },
        { [.. Wire.Chunk(0, 5, 0, 300, 9, 1, Wire.Filler(128)), .. Wire.Chunk(1, 5, 0, 60_000, 9, 1, [])],
            IngestRejectionReason.InvalidChunk },
        { Wire.Chunk(0, 5, 0, 0xFFFFFF, 9, 1, []), IngestRejectionReason.MessageTooLarge },
        { Wire.Chunk(0, 5, 0, 256 * 1024 + 1, 8, 1, []), IngestRejectionReason.MessageTooLarge },
        { Wire.Chunk(0, 5, 0, 64 * 1024 + 1, 20, 1, []), IngestRejectionReason.MessageTooLarge },
        { Wire.Message(MessageType.SetChunkSize, 0, 0, [0, 0, 1], 2), IngestRejectionReason.InvalidControl },
        { Wire.Message(MessageType.Abort, 0, 0, [], 2), IngestRejectionReason.InvalidControl },
        { [.. Enumerable.Range(3, 65).SelectMany(i => Wire.Chunk(0, i, 0, 1, 9, 1, [0]))], IngestRejectionReason.TooManyChunkStreams },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Protocol_violations_are_rejected_by_reason(byte[] bytes, IngestRejectionReason reason) => Rejection(bytes).ShouldBe(reason);

    [Fact]
    public void Memory_for_a_long_message_grows_with_received_bytes()
    {
        var reader = new ChunkReader(Wire.Wide, 128);
        _ = Pull(reader, Wire.Message(MessageType.SetChunkSize, 0, 0, Wire.UInt32(0xFFFFFF), 2));
        var before = GC.GetAllocatedBytesForCurrentThread();
        _ = Pull(reader, Wire.Chunk(0, 6, 0, 8 * 1024 * 1024, 9, 1, [1, 2, 3]));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(128 * 1024);
    }

    [Fact]
    public void Partial_messages_on_many_streams_hit_the_memory_limit()
    {
        var reader = new ChunkReader(Wire.Wide with { PartialBytes = 300_000 }, 128);
        var e = Should.Throw<RtmpProtocolException>(() =>
        {
            for (var i = 3; i < 30; i++)
            {
                _ = Pull(reader, Wire.Chunk(0, i, 0, 1_000_000, 9, 1, Wire.Filler(128)));
            }
        });
        e.Reason.ShouldBe(IngestRejectionReason.PartialMemory);
    }

    [Fact]
    public void Message_without_a_body_is_a_message()
    {
        byte[] bytes = [.. Wire.Chunk(0, 5, 7, 0, 9, 1, []), .. Wire.Chunk(0, 5, 8, 1, 9, 1, [1])];
        Read(bytes).ShouldBe([(9, 1u, 7u, 0), (9, 1u, 8u, 1)]);
    }

    [Fact]
    public void Reader_reads_the_output_of_the_writer()
    {
        var body = Wire.Filler(1000);
        foreach (var time in (uint[])[0, 0xFFFFFE, 0xFFFFFF, 0xFFFFFFFF])
        {
            var message = Messages(Wire.Message(MessageType.Video, 1, time, body, 6)).ShouldHaveSingleItem();
            message.Timestamp.ShouldBe(time);
            message.Payload.ToArray().ShouldBe(body);
        }
    }

    [Fact]
    public void H19_large_message_does_not_raise_the_memory_that_later_ones_reserve_at_their_start()
    {
        const int Large = 8 << 20;
        var reader = new ChunkReader(Wire.Wide, 128);
        Pull(reader, Wire.Message(MessageType.Video, 1, 0, new byte[Large], 6)).ShouldBeEmpty();

        // The first chunk of another large message, and an Abort of it.
        byte[] begun =
        [
            .. Wire.Chunk(0, 6, 40, Large, 9, 1, new byte[128]),
            .. Wire.Message(MessageType.Abort, 0, 0, [0, 0, 0, 6], 2),
        ];
        Pull(reader, begun);
        Hostile.ExpectedRejection.Allocated(() => Pull(reader, begun)).ShouldBeLessThan(300 * 1024);
    }

    private static void EverySplitReadsTheSame(byte[] bytes)
    {
        var expected = Read(bytes);
        for (var cut = 1; cut < bytes.Length; cut++)
        {
            // In two reads, and in one read that spans two segments.
            var reader = new ChunkReader(Wire.Wide, 128);
            var pieces = new List<RtmpMessage>();
            var rest = Pull(reader, bytes[..cut], pieces);
            Pull(reader, [.. rest, .. bytes[cut..]], pieces);
            pieces.Select(Shape).ShouldBe(expected);

            var sequence = new SequenceReader<byte>(Wire.Split(bytes, cut));
            var segmented = new List<RtmpMessage>();
            var other = new ChunkReader(Wire.Wide, 128);
            while (other.TryRead(ref sequence, out var message))
            {
                segmented.Add(message);
            }

            segmented.Select(Shape).ShouldBe(expected);
        }
    }

    private static IngestRejectionReason Rejection(byte[] bytes) => Should.Throw<RtmpProtocolException>(() => Messages(bytes)).Reason;

    private static List<(int Type, uint Stream, uint Time, int Length)> Read(byte[] bytes) => [.. Messages(bytes).Select(Shape)];

    private static (int Type, uint Stream, uint Time, int Length) Shape(RtmpMessage m) =>
        ((int)m.Type, m.Stream, m.Timestamp, m.Payload.Length);

    private static List<RtmpMessage> Messages(byte[] bytes)
    {
        var messages = new List<RtmpMessage>();
        Pull(new ChunkReader(Wire.Wide, 128), bytes, messages).ShouldBeEmpty();
        return messages;
    }

    /// <returns>Unconsumed bytes.</returns>
    private static byte[] Pull(ChunkReader reader, byte[] bytes, List<RtmpMessage>? messages = null)
    {
        var sequence = new SequenceReader<byte>(new ReadOnlySequence<byte>(bytes));
        while (reader.TryRead(ref sequence, out var message))
        {
            messages?.Add(message);
        }

        return sequence.UnreadSequence.ToArray();
    }
}
