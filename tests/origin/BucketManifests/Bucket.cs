using System.Runtime.CompilerServices;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.Storage;
using Broadcast.Origin.BucketManifests;
using Broadcast.Origin.Live;
using Broadcast.Origin.Tests.Conformance;
using Broadcast.Origin.Tests.Delivery;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Tests.BucketManifests;

/// <summary>A bucket of manifests in memory, with pending objects and the writer of the manifests.</summary>
internal sealed class Bucket
{
    private readonly ManualTimeProvider _time = new(FakePackager.Start.AddSeconds(10));

    public Bucket(ListStore? store = null, IViewerAuthorizer? authority = null, ISessionVisibility? audience = null)
    {
        Store = store ?? new ListStore();
        Directory = new LiveDirectory(Options.Create(new OriginOptions()), _time, NullLogger<LiveDirectory>.Instance, audience);
        Writer = new BucketManifestPublisher(Directory, Spool, Store, Options.Create(new OriginOptions()), _time,
            NullLogger<BucketManifestPublisher>.Instance, authority);
    }

    public ListStore Store { get; }

    public MemorySpool Spool { get; } = new();

    public LiveDirectory Directory { get; }

    public BucketManifestPublisher Writer { get; }

    /// <summary>Publishes a broadcaster's events and runs the writer.</summary>
    public async Task<Bucket> HearAsync(FakePackager broadcaster)
    {
        broadcaster.SendTo(Directory);
        return await LookAsync();
    }

    /// <summary>Runs the writer after a pause longer than its minimum interval.</summary>
    public async Task<Bucket> LookAsync()
    {
        _time.Advance(TimeSpan.FromSeconds(5));
        await Writer.CheckAsync(CancellationToken.None);
        return this;
    }

    /// <summary>Delays objects on their way to the bucket.</summary>
    public Bucket Hold(params string[] files)
    {
        foreach (var file in files)
        {
            Spool.Waiting.Add($"live/demo/{FakePackager.First}/{file}");
        }

        return this;
    }

    /// <summary>Completes delayed uploads; all of them by default.</summary>
    public Bucket Arrive(params string[] files)
    {
        Spool.Waiting.RemoveWhere(name => files.Length == 0 || files.Any(file => name.EndsWith("/" + file, StringComparison.Ordinal)));
        return this;
    }

    public HlsPlaylist List(string rendition = "source", SessionId? session = null) =>
        new(Store.Text($"live/demo/{session ?? FakePackager.First}/{rendition}.m3u8"));

    public IEnumerable<long> Numbers(string rendition = "source") => List(rendition).Segments.Select(segment => segment.Number);
}

/// <summary>Store for playlists that can fail.</summary>
internal sealed class ListStore : IObjectStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (byte[] Bytes, ManifestRank Rank, ObjectHeaders Headers)> _lists = [];

    public ObjectStoreException? Failure { get; set; }

    /// <summary>Folders whose manifests cannot be written.</summary>
    public Func<string, bool> IsDenied { get; set; } = _ => false;

    /// <summary>Number of written manifests.</summary>
    public int Puts { get; private set; }

    public IReadOnlyCollection<string> Names => [.. _lists.Keys.Order(StringComparer.Ordinal)];

    public string Text(string name) => Encoding.UTF8.GetString(_lists[name].Bytes);

    public ManifestRank RankOf(string name) => _lists[name].Rank;

    public ObjectHeaders HeadersOf(string name) => _lists[name].Headers;

    public void Remove(string name) => _lists.Remove(name);

    public Task<bool> ReplaceAsync(ObjectName name, ReadOnlyMemory<byte> bytes, ManifestRank rank, ObjectHeaders headers,
        CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (Failure is not null)
            {
                throw Failure;
            }

            if (IsDenied(name.Value))
            {
                throw new ObjectStoreException(ObjectStoreErrorKind.Denied, "denied");
            }

            if (_lists.TryGetValue(name.Value, out var there) && there.Rank > rank)
            {
                return Task.FromResult(false);
            }

            Puts++;
            _lists[name.Value] = (bytes.ToArray(), rank, headers);
            return Task.FromResult(true);
        }
    }

    public Task<ObjectInfo?> FindAsync(ObjectName name, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Failure is not null ? throw Failure
                : Task.FromResult(_lists.TryGetValue(name.Value, out var there)
                    ? new ObjectInfo(name, there.Bytes.Length, default) { Rank = there.Rank } : null);
        }
    }

    public Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<bool> PutFileAsync(ObjectName name, string path, PutCondition condition, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var name in Below(prefix))
        {
            yield return new ObjectInfo(ObjectName.Parse(name), 0, default);
        }
    }

    public async IAsyncEnumerable<string> ListFoldersAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var folder in Below(prefix).Select(name => name[prefix.Length..].Split('/')[0]).Distinct().ToList())
        {
            yield return folder;
        }
    }

    public Task DeleteAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (var name in names)
            {
                _lists.Remove(name.Value);
            }
        }

        return Task.CompletedTask;
    }

    private List<string> Below(string prefix)
    {
        lock (_gate)
        {
            if (Failure is not null)
            {
                throw Failure;
            }

            return [.. _lists.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        }
    }
}
