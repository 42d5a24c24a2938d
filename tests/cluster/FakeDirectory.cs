using Broadcast.Cluster.Connections;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;

namespace Broadcast.Cluster.Tests;

/// <summary>Directory of one server; channels of others are set by the test.</summary>
internal sealed class FakeDirectory(ClusterAuthority authority, Guid? self = null) : IServerDirectory
{
    /// <summary>Authority of the tests' cluster.</summary>
    public static readonly ClusterAuthority Authority = ClusterCertificates.CreateAuthority();

    public FakeDirectory()
        : this(Authority)
    {
    }

    public Guid Self { get; set; } = self ?? Guid.NewGuid();

    /// <summary>The channel on air at another server.</summary>
    public RemoteChannel? Remote { get; set; }

    /// <summary>Number of reads of the authority.</summary>
    public int Reads { get; private set; }

    /// <summary>Error of the next reads.</summary>
    public IOException? Error { get; set; }

    public bool HasLeaseExpired { get; set; }

    public TimeSpan LeaseAge { get; set; }

    public RemoteChannel? FindRemote(ChannelName channel) => channel == TestSession.Channel ? Remote : null;

    /// <summary>The open session of the channel without an owner.</summary>
    public SessionId? Lost { get; set; }

    public SessionId? FindLost(ChannelName channel) => channel == TestSession.Channel ? Lost : null;

    /// <summary>Answer of the database whether this server's sessions were taken over.</summary>
    public bool IsTakenOver { get; set; }

    public ValueTask<bool> IsTakenOverAsync(ChannelName channel, CancellationToken cancellationToken) => new(IsTakenOver);

    /// <summary>The last session of the channel when it is not on air.</summary>
    public RemoteChannel? Last { get; set; }

    public ValueTask<RemoteChannel?> FindLastAsync(ChannelName channel, CancellationToken cancellationToken) =>
        new(channel == TestSession.Channel ? Last : null);

    /// <summary>Channels to copy.</summary>
    public IReadOnlyList<ChannelName> Spared { get; set; } = [];

    /// <summary>Servers with role <c>media</c>, the least loaded first.</summary>
    public IReadOnlyList<ClusterServer> MediaServers { get; set; } = [];

    public ValueTask<IReadOnlyList<ClusterServer>> FindMediaServersAsync(CancellationToken cancellationToken) => new(MediaServers);

    public Task<ClusterAuthority> GetAuthorityAsync(Func<ClusterAuthority> create, CancellationToken cancellationToken)
    {
        Reads++;
        return Error is null ? Task.FromResult(authority) : Task.FromException<ClusterAuthority>(Error);
    }
}
