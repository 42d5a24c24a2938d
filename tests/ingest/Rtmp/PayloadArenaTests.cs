using System.Runtime.InteropServices;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

public class PayloadArenaTests
{
    [Fact]
    public void Allocated_memory_is_exclusive_and_has_the_requested_length()
    {
        var arena = new PayloadArena();
        var random = new Random(7);
        var taken = new List<(Memory<byte> Memory, byte Mark)>();
        for (var i = 0; i < 2000; i++)
        {
            var length = random.Next(10) == 0 ? random.Next(0, 200_000) : random.Next(0, 20_000);
            var memory = arena.Allocate(length);
            memory.Length.ShouldBe(length);
            memory.Span.Fill((byte)i);
            taken.Add((memory, (byte)i));
        }

        taken.Count(t => t.Memory.Span.ContainsAnyExcept(t.Mark)).ShouldBe(0);
    }

    [Fact]
    public void Small_messages_share_an_array_and_long_ones_have_their_own()
    {
        var arena = new PayloadArena();
        Whole(arena.Allocate(1000)).ShouldBeSameAs(Whole(arena.Allocate(1000)));
        Whole(arena.Allocate(100_000)).Length.ShouldBe(100_000);
    }

    [Fact]
    public void A_publication_without_media_takes_a_small_array_and_media_soon_takes_large_ones()
    {
        var arena = new PayloadArena();
        Whole(arena.Allocate(300)).Length.ShouldBe(4 * 1024);
        var arrays = new List<byte[]>();
        for (var i = 0; i < 20; i++)
        {
            arrays.Add(Whole(arena.Allocate(15_000)));
        }

        arrays[^1].Length.ShouldBe(256 * 1024);
        arrays.Distinct().Count().ShouldBeLessThanOrEqualTo(3);
    }

    [Fact]
    public void A_long_first_message_takes_an_array_that_holds_it()
    {
        var arena = new PayloadArena();
        arena.Allocate(60_000).Length.ShouldBe(60_000);
        Whole(arena.Allocate(1000)).Length.ShouldBe(256 * 1024);
    }

    [Fact]
    public void Unused_memory_does_not_accumulate()
    {
        var time = new ManualTimeProvider();
        var arena = new PayloadArena(new ArenaGcTrigger(time, () => GC.CollectionCount(2), () => GC.Collect(2)));
        var before = GC.CollectionCount(2);
        for (var taken = 0L; taken < 20 * ArenaGcTrigger.Threshold; taken += 50_000)
        {
            arena.Count(arena.Allocate(50_000).Length);
            time.Advance(TimeSpan.FromMilliseconds(10));
        }

        (GC.CollectionCount(2) - before).ShouldBeGreaterThanOrEqualTo(9);
    }

    private static byte[] Whole(ReadOnlyMemory<byte> memory) => MemoryMarshal.TryGetArray(memory, out var segment) ? segment.Array! : [];
}
