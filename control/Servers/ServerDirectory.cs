using Broadcast.Control.Database;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Dapper;

namespace Broadcast.Control.Servers;

/// <summary>Servers and sessions of the cluster, for links between servers.</summary>
internal sealed class ServerDirectory(ServerIdentity identity, RemoteSessions remoteSessions, ControlDatabase database) : IServerDirectory
{
    /// <inheritdoc/>
    public Guid Self => identity.Id;

    /// <inheritdoc/>
    public RemoteChannel? FindRemote(ChannelName channel) => remoteSessions.Find(channel)?.Target;

    /// <inheritdoc/>
    public async Task<ClusterAuthority> GetAuthorityAsync(Func<ClusterAuthority> create, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            const string Select = "SELECT certificate, private_key AS privateKey FROM cluster_authority";
            if (await connection.QuerySingleOrDefaultAsync<ClusterAuthority>(
                new CommandDefinition(Select, cancellationToken: cancellationToken)) is { } known)
            {
                return known;
            }

            var created = create();
            await connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO cluster_authority (certificate, private_key) VALUES (@Certificate, @PrivateKey) ON CONFLICT DO NOTHING",
                new { created.Certificate, created.PrivateKey }, cancellationToken: cancellationToken));
            return await connection.QuerySingleAsync<ClusterAuthority>(new CommandDefinition(Select, cancellationToken: cancellationToken));
        }
        catch (Exception error) when (ControlDatabase.IsUnavailable(error))
        {
            throw new IOException("The keys of the cluster cannot be read while the database is unavailable.", error);
        }
    }
}
