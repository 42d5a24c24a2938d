using System.Buffers;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

public sealed class ArenaGcTriggerTests
{
    private const int Threshold = (int)ArenaGcTrigger.Threshold;
    private readonly ManualTimeProvider _time = new();
    private readonly ArenaGcTrigger _trigger;
    private int _collected;
    private int _collectedByItself;

    public ArenaGcTriggerTests() => _trigger = new ArenaGcTrigger(_time, () => _collected + _collectedByItself, () => _collected++);

    [Fact]
    public void Garbage_is_collected_after_the_threshold_but_not_again_within_the_minimum_interval()
    {
        _trigger.Add(Threshold - 1);
        _collected.ShouldBe(0);
        _trigger.Add(1);
        _collected.ShouldBe(1);

        for (var i = 0; i < 14; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            _trigger.Add(Threshold);
        }

        _collected.ShouldBe(1);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        _trigger.Add(1);
        _collected.ShouldBe(2);
    }

    [Fact]
    public void No_garbage_is_collected_when_the_collector_ran_by_itself_meanwhile()
    {
        _collectedByItself = 1;
        _trigger.Add(Threshold);
        _collected.ShouldBe(0);
        _trigger.Add(Threshold);
        _collected.ShouldBe(1);
    }

    [Fact]
    public void Aborted_messages_cause_no_collections_and_complete_ones_do()
    {
        const int Length = 60_000;
        var reader = new ChunkReader(Wire.Wide, 128) { Arena = new PayloadArena(_trigger) };
        byte[] complete = Wire.Message(MessageType.Video, 1, 0, new byte[Length], 6);
        byte[] aborted = [.. Wire.Chunk(0, 6, 40, Length, 9, 1, new byte[128]), .. Wire.Message(MessageType.Abort, 0, 0, [0, 0, 0, 6], 2)];
        Read(complete);
        for (var i = 0; i < 2 * Threshold / Length; i++)
        {
            Read(aborted);
        }

        _collected.ShouldBe(0);
        for (var i = 0; i <= Threshold / Length; i++)
        {
            Read(complete);
        }

        _collected.ShouldBe(1);

        void Read(byte[] bytes)
        {
            var sequence = new SequenceReader<byte>(new ReadOnlySequence<byte>(bytes));
            while (reader.TryRead(ref sequence, out _))
            {
            }
        }
    }
}
