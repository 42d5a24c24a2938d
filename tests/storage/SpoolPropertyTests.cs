using Broadcast.Media;
using Broadcast.Testing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

public sealed class SpoolPropertyTests
{
    /// <summary>Any sequence of appends, truncations, kills, expirations and reads yields the bytes of a plain array.</summary>
    [Fact]
    public void File_reads_like_a_byte_array_after_any_sequence_of_operations()
    {
        Prop.ForAll<byte[]>(steps =>
        {
            var time = new ManualTimeProvider();
            var bench = new SpoolHarness(time: time, change: options => options.MemoryBytes = 2000);
            try
            {
                Follow(bench, time, steps ?? []).GetAwaiter().GetResult();
            }
            finally
            {
                bench.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }

            return true;
        }).Check(PropertyTest.Config.WithMaxTest(150).WithStartSize(10).WithEndSize(120));
    }

    /// <summary>
    /// Concurrent writers and readers, with too little memory for all: every read returns the correct bytes, and never more than were
    /// written.
    /// </summary>
    [Fact]
    public async Task Concurrent_readers_and_writers_see_consistent_bytes()
    {
        const int Files = 8, Appends = 400, Slice = 300;
        await using var bench = new SpoolHarness(change: options => options.MemoryBytes = 200_000).Run();
        var lengths = new long[Files];
        var writing = Enumerable.Range(0, Files).Select(f => Task.Run(() =>
        {
            var file = bench.Spool.Open(Name(f));
            for (var i = 0; i < Appends; i++)
            {
                var slices = new ReadOnlyMemory<byte>[1 + (i % 5)];
                var at = file.Length;
                for (var s = 0; s < slices.Length; s++)
                {
                    slices[s] = Pattern(f, at, Slice);
                    at += Slice;
                }

                file.Append(slices);
                Volatile.Write(ref lengths[f], at);
            }

            file.Seal();
        })).ToArray();

        var reads = 0;
        var reading = Enumerable.Range(0, 3).Select(r => Task.Run(async () =>
        {
            var random = new Random(r);
            var last = false;
            while (true)
            {
                var f = random.Next(Files);
                var known = Volatile.Read(ref lengths[f]);
                var offset = random.NextInt64(known + 1);
                var length = random.Next(3000);
                await using var content = await bench.Spool.ReadAsync(Name(f), offset, length, default);
                if (known > 0)
                {
                    content.ShouldNotBeNull();
                    content.Offset.ShouldBe(offset);
                    content.TotalLength.ShouldBeGreaterThanOrEqualTo(known);
                    content.Length.ShouldBe(Math.Min(length, content.TotalLength - offset));
                    (await SpoolHarness.ReadAll(content)).AsSpan().SequenceEqual(Pattern(f, offset, (int)content.Length)).ShouldBeTrue();
                    Interlocked.Increment(ref reads);
                }

                if (last && reads > 1000)
                {
                    return;
                }

                last = writing.All(task => task.IsCompleted) && bench.Spool.Status().WaitingFiles == 0;
            }
        })).ToArray();

        await Task.WhenAll(writing);
        await Task.WhenAll(reading);
        for (var f = 0; f < Files; f++)
        {
            (await bench.Flaky.Inner.FindAsync(Name(f), default))!.Length.ShouldBe(lengths[f]);
        }

        bench.Spool.Status().Bytes.ShouldBe(0);
        bench.Spool.MemoryBytes.ShouldBeLessThanOrEqualTo(200_000);
    }

    private static async Task Follow(SpoolHarness bench, ManualTimeProvider time, byte[] steps)
    {
        var name = Name(0);
        var file = bench.Spool.Open(name);
        var model = new List<byte>();
        byte next = 0;
        for (var i = 0; i < steps.Length; i++)
        {
            var argument = i + 1 < steps.Length ? steps[i + 1] : (byte)7;
            switch (steps[i] % 8)
            {
                case 0 or 1 or 2 or 3:
                    var slices = Enumerable.Range(0, argument % 4)
                        .Select(s => Enumerable.Range(0, argument * (s + 1) % 97).Select(_ => next++).ToArray()).ToArray();
                    file.Append([.. slices.Select(slice => (ReadOnlyMemory<byte>)slice)]);
                    model.AddRange(slices.SelectMany(slice => slice));
                    break;
                case 4:
                    var kept = model.Count * argument / 255;
                    file.Truncate(kept);
                    model.RemoveRange(kept, model.Count - kept);
                    break;
                case 5:
                    time.Advance(TimeSpan.FromSeconds(argument / 8));
                    break;
                case 6 when argument % 4 == 0:
                    bench.Restart();
                    file = bench.Spool.Open(name);
                    break;
                default:
                    var offset = model.Count == 0 ? 0 : argument * 31 % (model.Count + 3);
                    int? length = argument % 3 == 0 ? null : argument;
                    var begin = Math.Min(offset, model.Count);
                    (await bench.Read("p/0", offset, length)).ShouldBe(
                        model.GetRange(begin, Math.Min(length ?? int.MaxValue, model.Count - begin)).ToArray());
                    break;
            }

            file.Length.ShouldBe(model.Count);
            bench.Spool.Status().Bytes.ShouldBe(model.Count);
            bench.Spool.MemoryBytes.ShouldBeLessThanOrEqualTo(2000);
        }

        (await bench.Read("p/0")).ShouldBe(model.ToArray());
        time.Advance(TimeSpan.FromHours(1));
        bench.Spool.MemoryBytes.ShouldBe(0, "everything that was counted in is counted out");
        (await bench.Read("p/0")).ShouldBe(model.ToArray());
    }

    private static ObjectName Name(int file) => ObjectName.Parse($"p/{file}");

    private static byte[] Pattern(int file, long offset, int count)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++)
        {
            var at = offset + i;
            bytes[i] = (byte)((at * 31) + (at >> 8) + (file * 17));
        }

        return bytes;
    }
}
