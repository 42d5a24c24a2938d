using System.Net;
using Dapper;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control;

/// <summary>What came of a login.</summary>
internal abstract record LoginResult
{
    /// <summary>They are in.</summary>
    /// <param name="Cookie">The cookie's text, which is kept nowhere.</param>
    /// <param name="User">Who.</param>
    public sealed record In(string Cookie, string User) : LoginResult
    {
        /// <inheritdoc/>
        public override string ToString() => $"login of {User}";
    }

    /// <summary>The password is right; a code is needed beside it.</summary>
    public sealed record NeedsCode : LoginResult;

    /// <summary>Name or password is wrong, or the user is disabled: nobody is told which.</summary>
    public sealed record Refused : LoginResult;

    /// <summary>The password is right, the code is not.</summary>
    public sealed record WrongCode : LoginResult;
}

/// <summary>Lets people in who show a password, and a code where they have a second factor.</summary>
internal sealed class Logins(Database database, UserSessions sessions, SecondFactors factors, LoginAttempts attempts, TimeProvider time, ILogger<Logins> logger)
{
    private const int MaxAgent = 200;

    /// <summary>Logs somebody in. Who is not there takes as long as who is, and gets the same answer.</summary>
    /// <exception cref="ControlException"><see cref="ControlCode.TooMany"/>: too many wrong ones lately.</exception>
    public async Task<LoginResult> LoginAsync(string name, string password, string? code, EndPoint? remote, string agent, CancellationToken cancellationToken)
    {
        var normal = UserRules.Normal(name);
        Row? row;
        string? newHash;
        using (await TurnAsync(remote, normal, cancellationToken))
        {
            await using var asking = await database.Source.OpenConnectionAsync(cancellationToken);
            row = await FindAsync(asking, Users.Known(name), cancellationToken);
            if (!Matches(row, password, out newHash) || row!.Disabled)
            {
                await attempts.FailedAsync(asking, remote, normal);
                ControlLog.LoginRefused(logger, Address(remote));
                return new LoginResult.Refused();
            }
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Whoever was disabled or got another password meanwhile is not in.
        var isStill = await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE users SET last_login_at = @now, password_hash = coalesce(@newHash, password_hash) WHERE id = @id AND password_hash = @hash AND disabled_at IS NULL",
            new { id = row.Id, hash = row.Hash, newHash, now = time.GetUtcNow() },
            transaction,
            cancellationToken: cancellationToken));
        if (isStill == 0)
        {
            return new LoginResult.Refused();
        }

        if (row.HasTotp && code is null)
        {
            return new LoginResult.NeedsCode();
        }

        if (row.HasTotp && !await factors.TakeAsync(connection, transaction, row.Id, code!, cancellationToken))
        {
            ControlLog.LoginRefused(logger, Address(remote));
            return new LoginResult.WrongCode();
        }

        var address = Address(remote);
        var cookie = await sessions.BeginAsync(connection, transaction, row.Id, address, Shown(agent), cancellationToken);
        using var acting = Actor.Be(new(ActorKind.User, row.Name, row.DisplayName, address));
        await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "login.begin", $"user/{row.Name}", AuditLog.Detail(("login", cookie[..8])), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new LoginResult.In(cookie, row.Name);
    }

    /// <summary>Asks a user who is in for their password once more.</summary>
    /// <param name="user">Who.</param>
    /// <param name="password">What they typed.</param>
    /// <param name="member">What the request calls it.</param>
    /// <param name="remote">Where they are.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">It is wrong, or too many were.</exception>
    public async Task ConfirmAsync(LoggedIn user, string password, string member, EndPoint? remote, CancellationToken cancellationToken)
    {
        using var turn = await TurnAsync(remote, user.Name, cancellationToken);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        if (!Matches(await FindAsync(connection, user.Name, cancellationToken), password, out _))
        {
            await attempts.FailedAsync(connection, remote, user.Name);
            throw new ControlException([new(member, "That is not your password.")]);
        }
    }

    private static bool Matches(Row? row, string password, out string? newHash)
    {
        newHash = null;
        var isText = password.Length <= UserRules.MaxPassword && !UserRules.HasHalfCharacter(password);
        if (!PasswordHashes.Matches(isText ? row?.Hash : null, isText ? password : "", out var isOld))
        {
            return false;
        }

        newHash = isOld ? PasswordHashes.Hash(password) : null;
        return true;
    }

    private static Task<Row?> FindAsync(Npgsql.NpgsqlConnection connection, string name, CancellationToken cancellationToken) => connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
        """
        SELECT id, name, display_name AS displayName, password_hash AS hash, totp_confirmed_at IS NOT NULL AS hasTotp, disabled_at IS NOT NULL AS disabled
        FROM users WHERE name = @name
        """,
        new { name },
        cancellationToken: cancellationToken));

    // Looked at once more in the turn: those that guess at once wait for each other.
    private async Task<IDisposable> TurnAsync(EndPoint? remote, string name, CancellationToken cancellationToken)
    {
        await RefuseGuessingAsync(remote, name, cancellationToken);
        var turn = await PasswordHashes.TurnAsync(cancellationToken);
        try
        {
            await RefuseGuessingAsync(remote, name, cancellationToken);
            return turn;
        }
        catch
        {
            turn.Dispose();
            throw;
        }
    }

    private async Task RefuseGuessingAsync(EndPoint? remote, string name, CancellationToken cancellationToken)
    {
        if (await attempts.IsOverAsync(remote, name, cancellationToken))
        {
            throw new ControlException(ControlCode.TooMany, "Too many wrong logins. Wait a minute.");
        }
    }

    private static string Address(EndPoint? remote) => (remote as IPEndPoint)?.Address.ToString() ?? "";

    private static string Shown(string agent) => new([.. agent.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Take(MaxAgent)]);

    private sealed record Row(long Id, string Name, string DisplayName, string Hash, bool HasTotp, bool Disabled);
}
