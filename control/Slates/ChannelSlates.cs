using System.Globalization;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.TranscoderToControl;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Control.Slates;

/// <summary>A stored slate of a channel.</summary>
/// <param name="MediaType">One of <see cref="SlateMedia"/>.</param>
/// <param name="Bytes">The file.</param>
public sealed record StoredSlate(string MediaType, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// Custom slates of channels, in the database, so that all servers show the same. Works with or without a running server; a change takes
/// effect at the next input loss.
/// </summary>
public sealed class ChannelSlates(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time) : IChannelSlates
{
    /// <summary>Sets or replaces a channel's slate.</summary>
    /// <exception cref="OperationException">The channel does not exist, or the file is too large or no PNG, JPEG or MP4.</exception>
    public async Task SetAsync(string channel, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        var type = SlateMedia.Of(Check(bytes));
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO channel_slates (channel_id, media_type, bytes, updated_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (channel_id) DO UPDATE SET media_type = excluded.media_type, bytes = excluded.bytes,
            updated_at = excluded.updated_at
            """,
            connection,
            transaction)
        {
            Parameters = { new() { Value = id }, new() { Value = type }, new() { Value = bytes },
                new() { Value = time.GetUtcNow().UtcDateTime } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
        await AuditLog.RecordAsync(
            connection, transaction, time.GetUtcNow(), "slate.set", $"channel/{channel}",
            AuditLog.Detail(("mediaType", type), ("bytes", bytes.Length.ToString(CultureInfo.InvariantCulture))), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Deletes a channel's slate; the channel then uses the server's.</summary>
    /// <exception cref="OperationException">The channel does not exist.</exception>
    public async Task DeleteAsync(string channel, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("DELETE FROM channel_slates WHERE channel_id = $1", connection,
            transaction) { Parameters = { new() { Value = id } } };
        if (await command.ExecuteNonQueryAsync(cancellationToken) > 0)
        {
            await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "slate.delete", $"channel/{channel}", null,
                cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>A channel's slate, or <see langword="null"/> when it has none or does not exist.</summary>
    public async Task<StoredSlate?> GetAsync(string channel, CancellationToken cancellationToken = default)
    {
        await using var command = database.Source.CreateCommand(
            "SELECT s.media_type, s.bytes FROM channel_slates s JOIN channels c ON c.id = s.channel_id WHERE c.name = $1 AND c.deleted_at "
            + "IS NULL");
        command.Parameters.Add(new() { Value = channel });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new StoredSlate(reader.GetString(0), reader.GetFieldValue<byte[]>(1)) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<ChannelSlate?> FindAsync(ChannelName channel, CancellationToken cancellationToken) =>
        await GetAsync(channel.Value, cancellationToken) is { } slate && SlateFileTypes.Detect(slate.Bytes.Span) is { } type
        ? new ChannelSlate(slate.Bytes, type) : null;

    /// <summary>Detects the type of a slate and checks its size.</summary>
    /// <exception cref="OperationException">The slate is too large or no PNG, JPEG or MP4 file.</exception>
    public static SlateFileType Check(ReadOnlyMemory<byte> bytes) =>
        bytes.Length > SlateMedia.MaxBytes
        ? throw new OperationException([new("slate", $"The slate has {bytes.Length} bytes; the maximum is {SlateMedia.MaxBytes}.")])
        : SlateFileTypes.Detect(bytes.Span) ?? throw new OperationException([new("slate", "The slate is not a PNG, JPEG or MP4 file.")]);
}
