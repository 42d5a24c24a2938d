using System.Security.Cryptography;
using System.Text;
using Broadcast.Control.Channels;
using Broadcast.Control.Publishing;
using Broadcast.Database;
using Broadcast.Media;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.AuthCallbacks;

/// <summary>Finds the channels on which the auth callback authorizes publishers.</summary>
internal sealed class AuthCallbackChannels(ServerDatabase database, ChannelRepository directory, IOptions<ControlOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    /// <summary>Prefix of ids for publishers without a stream key; stream key ids never begin with it.</summary>
    public const char IdPrefix = '@';

    private const string Sql =
        "SELECT id, ladder, latency, reconnect_window_seconds, takeover, takeover_after_seconds, dvr_window, record, audio_languages FROM "
        + "channels WHERE name = $1 AND deleted_at IS NULL";

    /// <summary>
    /// Creates the id that replaces a key id when the auth callback decides. Equal names give equal ids, and the id does not reveal the
    /// name.
    /// </summary>
    public static string KeyIdOf(string name) => IdPrefix
        + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 6));

    /// <summary>Finds the channel, with the replacement of a stream key; <see langword="null"/> when it does not exist.</summary>
    /// <exception cref="OperationException"><see cref="OperationErrorCode.Unavailable"/>: the database is unavailable.</exception>
    public async ValueTask<StreamKeyRecord?> FindAsync(ChannelName channel, string keyId, bool create, CancellationToken cancellationToken)
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

            await CreateAsync(channel, linked.Token);
            return await LookUpAsync(channel, keyId, linked.Token);
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e)
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new OperationException(OperationErrorCode.Unavailable, "The database is unavailable.", e);
        }
    }

    private async Task CreateAsync(ChannelName channel, CancellationToken cancellationToken)
    {
        try
        {
            await directory.CreateAsync(channel.Value, new(), cancellationToken);
        }
        catch (OperationException e) when (e.Code == OperationErrorCode.Conflict)
        {
            // Another process created it first.
        }
    }

    private async Task<StreamKeyRecord?> LookUpAsync(ChannelName channel, string keyId, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(Sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = channel.Value });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(keyId, [], null, reader.GetInt64(0), channel, reader.GetString(1), LatencyProfile.Find(reader.GetString(2))
                ?? LatencyProfile.Standard, TimeSpan.FromSeconds(reader.GetInt32(3)))
            {
                Takeover = TakeoverRules.Parse(reader.GetString(4)),
                TakeoverAfter = reader.GetInt32(5) is var seconds and > 0 ? TimeSpan.FromSeconds(seconds) : null,
                DvrWindow = DvrWindow.TryParse(reader.GetString(6), out var dvrWindow) ? dvrWindow : DvrWindow.Off,
                IsRecorded = reader.GetBoolean(7),
                AudioLanguages = reader.GetString(8),
            }
            : null;
    }
}
