using System.Security.Cryptography;
using Dapper;

namespace Broadcast.Control;

/// <summary>
/// The way in on a machine where nobody is an admin yet: the server prints a code at its start, the dashboard trades it for the first admin token, and the first admin who logs in. Every
/// start prints a new one, and all are good until one is used or an admin is made otherwise.
/// </summary>
public sealed class SetupCodes(Database database, TimeProvider time)
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int Kept = 5;

    /// <summary>Makes a code (<c>xxxxx-xxxxx-xxxxx-xxxxx</c>, 100 random bits), or answers <see langword="null"/> when there has ever been an admin token, or there is an admin.</summary>
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

    /// <summary>Trades a code for an admin token, and where that is asked for, an admin who logs in. It works once, and only as long as there is no admin.</summary>
    /// <param name="code">The code.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException"><see cref="ControlCode.Refused"/>: wrong, used, or no longer needed; the three are not told apart.</exception>
    public Task<IssuedToken> RedeemAsync(string code, CancellationToken cancellationToken = default) => RedeemAsync(code, null, null, cancellationToken);

    /// <summary>The same, with an admin who logs in.</summary>
    /// <param name="code">The code.</param>
    /// <param name="name">The admin's name; <see langword="null"/> for none.</param>
    /// <param name="password">The admin's password.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException"><see cref="ControlCode.Refused"/>: wrong, used, or no longer needed; the three are not told apart.</exception>
    public async Task<IssuedToken> RedeemAsync(string code, string? name, string? password, CancellationToken cancellationToken)
    {
        UserRules.Refuse(UserRules.Mistakes(name, null).Concat(UserRules.PasswordMistakes(name, password)));
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
                "That set-up code is not valid. The server prints one at its start as long as there is no admin; 'broadcast user create NAME --role admin' and 'broadcast token create --role admin' make one at any time.");
        }

        using var _ = Actor.Be(Actor.Current with { Name = "set-up code" });
        var issued = await Tokens.InsertAsync(connection, transaction, TokenRole.Admin, "first admin", null, new(), time.GetUtcNow(), cancellationToken);
        if (name is not null && password is not null)
        {
            await Users.InsertAsync(connection, transaction, name, await PasswordHashes.HashAsync(password, cancellationToken), TokenRole.Admin, "", time.GetUtcNow(), cancellationToken);
        }

        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM setup_codes", transaction: transaction, cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return issued;
    }

    private const string HasAdmin = "SELECT EXISTS (SELECT 1 FROM tokens WHERE role = 'admin') OR EXISTS (SELECT 1 FROM users WHERE role = 'admin')";
}
