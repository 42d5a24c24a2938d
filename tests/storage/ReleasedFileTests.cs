using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

/// <summary>Local copies of files that another server owns.</summary>
public sealed class ReleasedFileTests
{
    private const string Session = "live/a/s/";
    private static readonly byte[] Own = [1, 2, 3];
    private static readonly byte[] Others = [4, 5];

    [Theory]
    [InlineData(0)]
    [InlineData(1 << 20)]
    public async Task Copy_of_an_uploaded_file_is_not_read_after_its_release(int memory)
    {
        await using var bench = Bench(memory);
        await UploadAsync(bench, Session + "1");
        await UploadAsync(bench, "live/a/t/1");
        (await bench.Read(Session + "1")).ShouldBe(Own);

        bench.Spool.Release(Session);
        await ReplaceAsync(bench, Session + "1");
        await ReplaceAsync(bench, "live/a/t/1");

        (await bench.Read(Session + "1")).ShouldBe(Others);
        (await bench.Read("live/a/t/1")).ShouldBe(Own, "it is of another session");
        bench.Spool.RetainedBytes.ShouldBe(3);
    }

    [Fact]
    public async Task Open_file_is_removed()
    {
        await using var bench = Bench(1 << 20);
        var file = bench.Write(Session + "1", Own);

        bench.Spool.Release(Session);

        (await bench.Read(Session + "1")).ShouldBeNull();
        bench.OnDisk(Session + "1").ShouldBeFalse();
        Should.Throw<IOException>(() => file.Append([Own]));
        await ReplaceAsync(bench, Session + "1");
        (await bench.Read(Session + "1")).ShouldBe(Others);
    }

    [Fact]
    public async Task Waiting_file_is_uploaded_and_then_not_retained()
    {
        await using var bench = Bench(1 << 20);
        bench.Flaky.Hold();
        bench.Write(Session + "1", Own).Seal();
        await bench.Until(() => bench.Flaky.PutCalls == 1);

        bench.Spool.Release(Session);
        (await bench.Read(Session + "1")).ShouldBe(Own, "it may be the only one");
        bench.Flaky.Release();
        await bench.Until(() => bench.Spool.Status().Uploads == 1);

        await bench.Until(() => bench.Spool.RetainedBytes == 0 && !bench.OnDisk(Session + "1"));
        await ReplaceAsync(bench, Session + "1");
        (await bench.Read(Session + "1")).ShouldBe(Others);
    }

    private static SpoolHarness Bench(int memory) => new SpoolHarness(change: options =>
        (options.RetainSeconds, options.MinFreeBytes, options.MemoryBytes, options.ObjectCacheBytes) = (120, 0, memory, memory)).Run();

    private static async Task UploadAsync(SpoolHarness bench, string name)
    {
        var before = bench.Spool.Status().Uploads;
        bench.Write(name, Own).Seal();
        await bench.Until(() => bench.Spool.Status().Uploads == before + 1);
    }

    /// <summary>Another server replaces the object.</summary>
    private static async Task ReplaceAsync(SpoolHarness bench, string name)
    {
        await bench.Store.DeleteAsync([ObjectName.Parse(name)], CancellationToken.None);
        (await bench.Store.PutAsync(ObjectName.Parse(name), Others, PutCondition.CreateOnly, CancellationToken.None)).ShouldBeTrue();
    }
}
