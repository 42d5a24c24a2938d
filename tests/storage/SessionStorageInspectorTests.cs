using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Media.StorageToControl;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

public sealed class SessionStorageInspectorTests
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");
    private static readonly SessionId Session = SessionId.Parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");

    [Fact]
    public async Task Segment_is_found_in_the_store_and_the_spool_and_not_in_another_session()
    {
        await using var bench = new SpoolHarness();
        var media = new SessionStorageInspector(bench.Store, bench.Spool);
        await PutAsync(bench, $"live/demo/{Session}/source/init-1.mp4", 100);
        await PutAsync(bench, "live/demo/01ARZ3NDEKTSV4RRFFQ69G5FAW/source/1.m4s", 100);
        (await media.HasSegmentsAsync(Demo, Session, default)).ShouldBeFalse("an init segment alone cannot be played");
        bench.Write($"live/demo/{Session}/audio/1.m4s");
        (await media.HasSegmentsAsync(Demo, Session, default)).ShouldBeFalse("nothing is in it yet");

        bench.Write($"live/demo/{Session}/source/1.m4s", [1, 2, 3]);
        (await media.HasSegmentsAsync(Demo, Session, default)).ShouldBeTrue("a part is on disk");

        await PutAsync(bench, $"live/demo/{Session}/source/2.m4s", 100);
        (await new SessionStorageInspector(bench.Store, null).HasSegmentsAsync(Demo, Session, default)).ShouldBeTrue(
            "a segment is in the store");
        (await media.HasSegmentsAsync(ChannelName.Parse("dem"), Session, default)).ShouldBeFalse();
    }

    [Fact]
    public async Task Objects_are_counted_once_in_any_location_and_up_to_the_requested_limit()
    {
        await using var bench = new SpoolHarness();
        var media = new SessionStorageInspector(bench.Store, bench.Spool);
        await PutAsync(bench, $"live/demo/{Session}/source/1.m4s", 100);
        await PutAsync(bench, $"live/demo/{Session}/source/2.m4s", 200);
        await PutAsync(bench, $"journal/demo/{Session}/1.json", 50);
        await PutAsync(bench, "live/other/01ARZ3NDEKTSV4RRFFQ69G5FAV/source/1.m4s", 999);
        bench.Write($"live/demo/{Session}/source/2.m4s", new byte[200]);
        bench.Write($"live/demo/{Session}/source/3.m4s", new byte[300]);

        (await media.MeasureAsync(Demo, Session, 100, default)).ShouldBe(new SessionStorageUsage(4, 650, IsComplete: true));
        (await media.MeasureAsync(Demo, Session, 4, default)).ShouldBe(new SessionStorageUsage(4, 650, IsComplete: true), "all of it");
        var part = await media.MeasureAsync(Demo, Session, 3, default);
        (part.Objects, part.IsComplete).ShouldBe((3, false));
    }

    [Fact]
    public async Task Failing_store_is_not_treated_as_empty()
    {
        await using var bench = new SpoolHarness();
        bench.Flaky.Fault = ObjectStoreErrorKind.Unreachable;
        var media = new SessionStorageInspector(bench.Store, bench.Spool);

        await Should.ThrowAsync<ObjectStoreException>(() => media.HasSegmentsAsync(Demo, Session, default));
        await Should.ThrowAsync<ObjectStoreException>(() => media.MeasureAsync(Demo, Session, 100, default));
    }

    private static Task PutAsync(SpoolHarness bench, string name, int bytes) =>
        bench.Flaky.Inner.PutAsync(ObjectName.Parse(name), new byte[bytes], PutCondition.Replace, default);
}
