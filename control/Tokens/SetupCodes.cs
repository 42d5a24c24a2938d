using System.Security.Cryptography;
using Dapper;

namespace Broadcast.Control;

/// <summary>
/// The way in on a machine where nobody has a token yet: the server prints a code at its start, the dashboard trades it for the first admin token. Every
/// start prints a new one, and all are good until one is used or an admin token is made otherwise.
/// </summary>
public sealed class SetupCodes(Database database, TimeProvider time)
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int Kept = 5;

    /// <summary>Makes a code (<c>xxxxx-xxxxx-xxxxx-xxxxx</c>, 100 random bits), or answers <see langword="null"/> when there has ever been an admin token.</summary>
    public async Task<string?> IssueAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition(HasAdmin, cancellationToken: cancellationToken)))
        {
            return null;
        }

        var letters = RandomNumberGenerator.GetString(Alphabet, 20);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO setup_codes (hash, created_at) VALUES (@hash, @now);
            DELETE FROM setup_codes WHERE hash NOT IN (SELECT hash FROM setup_codes ORDER BY created_at DESC LIMIT @kept)
            """,
            new { hash = Secret.HashOf(letters), now = time.GetUtcNow(), kept = Kept },
            cancellationToken: cancellationToken));
        return $"{letters[..5]}-{letters[5..10]}-{letters[10..15]}-{letters[15..]}";
    }

    /// <summary>Trades a code for an admin token. It works once, and only as long as there is no admin token.</summary>
    /// <exception cref="ControlException"><see cref="ControlCode.Refused"/>: wrong, used, or no longer needed; the three are not told apart.</exception>
    public async Task<IssuedToken> RedeemAsync(string code, CancellationToken cancellationToken = default)
    {
        var letters = new string([.. code.Take(100).Where(c => c is not ('-' or ' ')).Select(char.ToLowerInvariant)]);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var known = await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            $"LOCK TABLE setup_codes IN EXCLUSIVE MODE; SELECT EXISTS (SELECT 1 FROM setup_codes WHERE hash = @hash) AND NOT ({HasAdmin})",
            new { hash = Secret.HashOf(letters) },
            transaction,
            cancellationToken: cancellationToken));
        if (!known)
        {
            throw new ControlException(
                ControlCode.Refused,
                "That set-up code is not valid. The server prints one at its start as long as there is no admin token; 'broadcast token create --role admin' makes a token at any time.");
        }

        using var _ = Actor.Be(Actor.Current with { Name = "set-up code" });
        var issued = await Tokens.InsertAsync(connection, transaction, TokenRole.Admin, "first admin", null, time.GetUtcNow(), cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM setup_codes", transaction: transaction, cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return issued;
    }

    private const string HasAdmin = "SELECT EXISTS (SELECT 1 FROM tokens WHERE role = 'admin')";
}
