using System.Security.Cryptography;
using System.Text;
using Broadcast.Media;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control;

/// <summary>Finds the channels that a webhook lets publishers on.</summary>
internal sealed class HookedChannels(Database database, ChannelDirectory directory, IOptions<ControlOptions> options, TimeProvider time)
{
    /// <summary>Ids of publishers who have no key of ours begin with this, which no key's id does.</summary>
    public const char Mark = '@';

    private const string Sql = "SELECT id, ladder, latency, reconnect_window_seconds, takeover, takeover_after_seconds, rewind, record, audio_languages FROM channels WHERE name = $1 AND deleted_at IS NULL";

    /// <summary>What stands for a key's id where the webhook decides: the same for the same name, and no way back to it.</summary>
    public static string KeyIdOf(string name) => Mark + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 6));

    /// <summary>The channel, with what stands for a key; <see langword="null"/> when there is none.</summary>
    /// <exception cref="ControlException"><see cref="ControlCode.Unavailable"/>: the database is away.</exception>
    public async ValueTask<KeyRecord?> FindAsync(ChannelName channel, string keyId, bool create, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Value.LookupTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var found = await LookUpAsync(channel, keyId, linked.Token);
            if (found is not null || !create)
            {
                return found;
            }

            await MakeAsync(channel, linked.Token);
            return await LookUpAsync(channel, keyId, linked.Token);
        }
        catch (Exception e) when (Database.IsAway(e) || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new ControlException(ControlCode.Unavailable, "The database is away.", e);
        }
    }

    private async Task MakeAsync(ChannelName channel, CancellationToken cancellationToken)
    {
        try
        {
            await directory.CreateAsync(channel.Value, new(), cancellationToken);
        }
        catch (ControlException e) when (e.Code == ControlCode.Conflict)
        {
            // Somebody else made it meanwhile.
        }
    }

    private async Task<KeyRecord?> LookUpAsync(ChannelName channel, string keyId, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(Sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = channel.Value });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(keyId, [], null, reader.GetInt64(0), channel, reader.GetString(1), LatencyProfile.Find(reader.GetString(2)) ?? LatencyProfile.Standard, TimeSpan.FromSeconds(reader.GetInt32(3)))
            {
                Takeover = Enum.Parse<TakeoverPolicy>(reader.GetString(4), ignoreCase: true),
                TakeoverAfter = reader.GetInt32(5) is var seconds and > 0 ? TimeSpan.FromSeconds(seconds) : null,
                Rewind = Rewind.TryParse(reader.GetString(6), out var rewind) ? rewind : Rewind.Off,
                IsRecorded = reader.GetBoolean(7),
                AudioLanguages = reader.GetString(8),
            }
            : null;
    }
}
