using System.Net;
using System.Security.Cryptography;
using Broadcast.Testing;
using Shouldly;

namespace Broadcast.EndToEnd.Tests;

/// <summary>
/// The segments of a channel as several servers announce them. A playlist never goes back, and the number of a segment has one address, one
/// time and one content, at all servers.
/// </summary>
internal sealed class AnnouncedSegments(string channel)
{
    private readonly Dictionary<long, HlsSegment> _segments = [];
    private readonly Dictionary<(BroadcastServer Server, long Number), byte[]> _hashes = [];
    private readonly Dictionary<BroadcastServer, HlsView> _views = [];
    private readonly Dictionary<long, byte[]> _contents = [];

    /// <summary>Number of the newest announced segment.</summary>
    public long Last => _segments.Keys.Max();

    /// <summary>Session of the channel.</summary>
    public string Session { get; private set; } = "";

    /// <summary>Reads a server's playlist and its new segments until the server announces a segment.</summary>
    public Task FollowAsync(BroadcastServer server, long number, string description) => Poll.UntilAsync(
        async () =>
        {
            await ReadAsync(server);
            return _views.TryGetValue(server, out var view) && view.Last >= number;
        },
        TimeSpan.FromSeconds(60),
        description);

    /// <summary>Reads the segments of a server's last playlist again.</summary>
    public async Task ReadAgainAsync(BroadcastServer server)
    {
        await ReadAsync(server);
        var view = _views[server];
        for (var i = 0; i < view.Segments.Count; i++)
        {
            _hashes.Remove((server, view.Sequence + i));
        }

        await ReadAsync(server);
    }

    private async Task ReadAsync(BroadcastServer server)
    {
        if (await HlsView.ReadAsync(server, channel) is not { } view)
        {
            return;
        }

        Session = Session.Length > 0 ? Session : view.Session;
        view.Session.ShouldBe(Session);
        if (_views.TryGetValue(server, out var before))
        {
            view.Sequence.ShouldBeGreaterThanOrEqualTo(before.Sequence, "the media sequence never goes back");
            view.Last.ShouldBeGreaterThanOrEqualTo(before.Last, "the newest segment stays");
            view.DiscontinuitySequence.ShouldBeGreaterThanOrEqualTo(before.DiscontinuitySequence);
        }

        _views[server] = view;
        for (var i = 0; i < view.Segments.Count; i++)
        {
            await CheckAsync(server, view.Sequence + i, view.Segments[i]);
        }
    }

    private async Task CheckAsync(BroadcastServer server, long number, HlsSegment segment)
    {
        // The oldest segment of a playlist may have a discontinuity before it that the playlist no longer shows.
        var known = _segments.TryAdd(number, segment) ? segment : _segments[number];
        (segment with { Discontinuity = known.Discontinuity }).ShouldBe(known, $"segment {number}");
        segment.Gap.ShouldBeFalse($"segment {number}");
        if (_hashes.ContainsKey((server, number)))
        {
            return;
        }

        var address = new Uri(new Uri($"http://any/live/{channel}/{Session}/"), segment.Address).AbsolutePath;
        using var answer = await server.Client.GetAsync(address);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, $"segment {number} is announced");
        var hash = SHA256.HashData(await answer.Content.ReadAsByteArrayAsync());
        _hashes[(server, number)] = hash;
        if (!_contents.TryAdd(number, hash))
        {
            hash.ShouldBe(_contents[number], $"segment {number} has one content");
        }
    }
}
