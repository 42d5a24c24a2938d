using Broadcast.Database;
using Dapper;

namespace Broadcast.Control.Secrets;

/// <summary>Problem of the keys that encrypt secrets.</summary>
/// <param name="Observed">Observation.</param>
/// <param name="Remedy">Remedy.</param>
public sealed record SecretKeyProblem(string Observed, string Remedy);

/// <summary>
/// Checks whether the servers that share a database can decrypt each other's secrets. Without configured keys, each server encrypts with
/// the key file of its own data folder.
/// </summary>
public static class SecretKeyCheck
{
    private const string Remedy = $"Set Control:SecretKeys to the same value on all servers. To keep the stream keys that are stored, use "
        + $"the keys of '{SecretProtector.FileName}' of all servers, separated by commas; otherwise enter the stream keys again.";

    // Servers that ended regularly, and those that were lost more than a day ago, no longer count.
    private const string CountServers = """
        SELECT count(*)::int FROM servers WHERE lease_until > clock_timestamp()
            OR (NOT released AND last_seen_at > clock_timestamp() - interval '1 day')
        """;

    /// <summary>Finds a cluster whose servers use separate key files.</summary>
    /// <returns>The problem; <see langword="null"/> for none.</returns>
    public static async Task<SecretKeyProblem?> FindSeparateAsync(ServerDatabase database, SecretProtector secrets,
        CancellationToken cancellationToken)
    {
        if (database.IsPrivate || secrets.IsConfigured)
        {
            return null;
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var servers = await connection.ExecuteScalarAsync<int>(new CommandDefinition(CountServers, cancellationToken: cancellationToken));
        return servers < 2 ? null : new($"{servers} servers share the database, and Control:SecretKeys is not set: a stream key that is "
            + "entered at one server cannot be decrypted by another one", Remedy);
    }

    /// <summary>Finds stream keys of targets that this server cannot decrypt.</summary>
    /// <returns>The problem; <see langword="null"/> for none.</returns>
    public static async Task<SecretKeyProblem?> FindUnreadableAsync(ServerDatabase database, SecretProtector secrets,
        CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var (total, unreadable, reason) = (0, 0, "");
        await foreach (var (url, key) in connection.QueryUnbufferedAsync<(string Url, byte[] Key)>(
            "SELECT url, stream_key FROM targets").WithCancellation(cancellationToken))
        {
            total++;
            try
            {
                secrets.Unprotect(key, url);
            }
            catch (OperationException error)
            {
                (unreadable, reason) = (unreadable + 1, error.Message);
            }
        }

        return unreadable == 0 ? null : new($"{unreadable} of {total} stream keys cannot be decrypted here", reason);
    }
}
