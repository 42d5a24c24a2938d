using System.Runtime.InteropServices;
using Broadcast.Media.IngestToCluster;

namespace Broadcast.Cluster.Tests.Relays;

/// <summary>Configurations and metadata that are kept for the next owner of a session.</summary>
public sealed class StreamHeadersTests
{
    private const byte Video = 9;
    private readonly StreamHeaders _headers = new();

    [Fact]
    public void Configurations_of_all_tracks_are_kept_together_only_up_to_a_limit()
    {
        for (var track = 0; track < 64; track++)
        {
            _headers.Apply(Configuration(track, new byte[700_000])).ShouldBeTrue();
        }

        _headers.Take().Sum(message => message.Payload.Length).ShouldBe(700_000);
    }

    [Fact]
    public void Replaced_and_taken_configurations_leave_room_for_others()
    {
        for (var i = 0; i < 100; i++)
        {
            _headers.Apply(Configuration(track: 0, new byte[700_000]));
            _headers.Apply(Configuration(track: 1, new byte[200_000]));
            if (i % 10 == 9)
            {
                _headers.Take().Select(message => message.Track).Order().ShouldBe([0, 1]);
            }
        }
    }

    [Fact]
    public void Configuration_that_is_too_long_leaves_the_earlier_one()
    {
        _headers.Apply(Configuration(track: 0, new byte[] { 1, 2, 3 }));
        _headers.Apply(Configuration(track: 0, new byte[8 << 20])).ShouldBeTrue();

        _headers.Take().ShouldHaveSingleItem().Payload.Length.ShouldBe(3);
    }

    [Fact]
    public void Kept_messages_do_not_keep_the_memory_of_others()
    {
        var arena = new byte[256 << 10];
        _headers.Apply(Configuration(track: 0, arena.AsMemory(100, 20)));
        _headers.Apply(new RelayedMessage(18, 0, arena.AsMemory(200, 30), RelayedContent.Metadata, 0));

        _headers.Take().Select(message => MemoryMarshal.TryGetArray(message.Payload, out var array) ? array.Array!.Length : 0)
            .ShouldBe([30, 20]);
    }

    private static RelayedMessage Configuration(int track, ReadOnlyMemory<byte> payload) =>
        new(Video, 0, payload, RelayedContent.Configuration, track);
}
