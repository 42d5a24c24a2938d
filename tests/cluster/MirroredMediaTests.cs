using Broadcast.Cluster.Mirrors;
using Broadcast.Media;

namespace Broadcast.Cluster.Tests;

public sealed class MirroredMediaTests
{
    private static readonly ObjectName Name = TestSession.Segment(1);

    [Fact]
    public void Ranges_are_found_across_pieces()
    {
        var media = new MirroredMedia(1000);
        var bytes = TestSession.Bytes(100);
        for (var offset = 0; offset < 100; offset += 10)
        {
            media.Add(Name, offset, bytes.AsMemory(offset, 10));
        }

        for (var first = 0; first < 100; first++)
        {
            for (var length = 1; first + length <= 100; length++)
            {
                Find(media, first, length).ShouldBe(bytes[first..(first + length)]);
            }
        }

        Find(media, 95, 6).ShouldBeNull();
        Find(media, 100, 1).ShouldBeNull();
        Find(media, 0, 0).ShouldBeNull();
        Find(media, long.MaxValue, 10).ShouldBeNull();
        media.Find(TestSession.Segment(2), 0, 1).ShouldBeNull();
        media.Bytes.ShouldBe(100);
    }

    [Fact]
    public void A_gap_hides_only_the_ranges_that_contain_it_and_can_be_filled()
    {
        var media = new MirroredMedia(1000);
        var bytes = TestSession.Bytes(30);
        media.Add(Name, 0, bytes.AsMemory(0, 10));
        media.Add(Name, 20, bytes.AsMemory(20, 10));

        Find(media, 0, 10).ShouldBe(bytes[..10]);
        Find(media, 20, 10).ShouldBe(bytes[20..]);
        Find(media, 5, 10).ShouldBeNull();
        media.Add(Name, 10, bytes.AsMemory(10, 10));
        Find(media, 0, 30).ShouldBe(bytes);
        media.Bytes.ShouldBe(30);
    }

    [Fact]
    public void A_whole_object_replaces_its_parts_and_other_overlaps_are_ignored()
    {
        var media = new MirroredMedia(1000);
        var bytes = TestSession.Bytes(30);
        media.Add(Name, 10, bytes.AsMemory(10, 5));
        media.Add(Name, 20, bytes.AsMemory(20, 5));
        media.Add(Name, 12, bytes.AsMemory(12, 8));
        media.Add(Name, 8, bytes.AsMemory(8, 4));
        media.Add(Name, 11, bytes.AsMemory(11, 2));
        media.Bytes.ShouldBe(10, "partial overlaps are ignored");

        media.Add(Name, 0, bytes);
        media.Bytes.ShouldBe(30);
        Find(media, 0, 30).ShouldBe(bytes);
        media.Add(Name, 0, bytes);
        media.Bytes.ShouldBe(30, "a repetition replaces the same bytes");
    }

    [Fact]
    public void Invalid_ranges_are_ignored()
    {
        var media = new MirroredMedia(1000);
        media.Add(Name, -1, TestSession.Bytes(10));
        media.Add(Name, long.MaxValue - 5, TestSession.Bytes(10));
        media.Add(Name, 0, ReadOnlyMemory<byte>.Empty);
        media.Bytes.ShouldBe(0);
        media.Find(Name, -1, 5).ShouldBeNull();
    }

    [Fact]
    public void The_objects_that_were_begun_first_are_removed_first()
    {
        var media = new MirroredMedia(100);
        media.Add(TestSession.Segment(1), 0, TestSession.Bytes(30));
        media.Add(TestSession.Segment(2), 0, TestSession.Bytes(30));
        media.Add(TestSession.Segment(1), 30, TestSession.Bytes(30));
        media.Add(TestSession.Segment(3), 0, TestSession.Bytes(10));
        media.Bytes.ShouldBe(100);

        media.Add(TestSession.Segment(3), 10, TestSession.Bytes(1));
        media.Find(TestSession.Segment(1), 0, 1).ShouldBeNull();
        media.Find(TestSession.Segment(2), 0, 30).ShouldNotBeNull();
        media.Bytes.ShouldBe(41);

        media.Add(TestSession.Segment(4), 0, TestSession.Bytes(101));
        media.Bytes.ShouldBe(0, "an object beyond the limit does not stay either");
    }

    [Fact]
    public void Objects_of_a_removed_session_are_removed()
    {
        var media = new MirroredMedia(100);
        media.Add(Name, 0, TestSession.Bytes(10));
        media.Add(TestSession.Segment(1, TestSession.Later), 0, TestSession.Bytes(20));

        media.RemoveAll($"live/{TestSession.Channel}/{TestSession.Id}/");
        media.Bytes.ShouldBe(20);
        media.Find(Name, 0, 10).ShouldBeNull();
        media.Find(TestSession.Segment(1, TestSession.Later), 0, 20).ShouldNotBeNull();
    }

    private static byte[]? Find(MirroredMedia media, long offset, long length) =>
        media.Find(Name, offset, length) is { } slices ? [.. slices.SelectMany(slice => slice.ToArray())] : null;
}
