using System.Globalization;

namespace Broadcast.Database.Postgres;

/// <summary>Installed PostgreSQL programs: their folder and major version.</summary>
public sealed record PostgresBinaries(string Folder, int Major)
{
    private const string InstallHint =
        "Install it (Debian and Ubuntu: sudo apt install postgresql), or set Database:ConnectionString to your own server.";

    private static readonly string[] Server = ["initdb", "pg_ctl", "postgres"];
    private static readonly string[] Client = ["pg_dump", "pg_restore", "psql"];

    /// <summary>Path of <c>initdb</c>.</summary>
    public string InitDb => Path.Combine(Folder, "initdb");

    /// <summary>Path of <c>pg_ctl</c>.</summary>
    public string PgCtl => Path.Combine(Folder, "pg_ctl");

    /// <summary>
    /// Finds the newest installed server, or the one for an existing cluster: PostgreSQL cannot open another major version's files.
    /// </summary>
    /// <param name="major">Major version of the existing cluster; <see langword="null"/> without one.</param>
    /// <param name="prefixes">Folders to search, for tests; <see langword="null"/> for the standard folders.</param>
    /// <exception cref="OperationException">No matching server is installed; the message says what to install.</exception>
    public static PostgresBinaries Find(int? major, IReadOnlyList<string>? prefixes = null)
    {
        var found = Installed(Server, prefixes);
        if (found.Count == 0)
        {
            throw new OperationException(OperationErrorCode.Broken, $"No PostgreSQL server is installed. {InstallHint}");
        }

        if (major is null)
        {
            return found[0];
        }

        return found.Find(b => b.Major == major) ?? throw new OperationException(
            OperationErrorCode.Broken,
            $"The database in the data folder requires PostgreSQL {major}, but "
            + $"only {string.Join(", ", found.Select(b => b.Major).Distinct())} is installed. "
            + $"Install server version {major} (Debian and Ubuntu: sudo apt install postgresql-{major}), or move the data with pg_upgrade.");
    }

    /// <summary>Finds the newest installed client programs for a server: a dump needs at least the server's version.</summary>
    /// <param name="major">Major version of the server.</param>
    /// <param name="prefixes">See <see cref="Find"/>.</param>
    /// <exception cref="OperationException">No matching programs are installed; the message says what to install.</exception>
    public static PostgresBinaries FindClient(int major, IReadOnlyList<string>? prefixes = null)
    {
        var found = Installed(Client, prefixes);
        return found.Count > 0 && found[0].Major >= major ? found[0] : throw new OperationException(
            OperationErrorCode.Broken,
            found.Count == 0
                ? "pg_dump, pg_restore and psql are not installed. Install them (Debian and Ubuntu: sudo apt install "
                    + $"postgresql-client-{major}, or postgresql-client)."
                : $"The database server is PostgreSQL {major}, but the newest pg_dump on this machine is version {found[0].Major}. "
                    + $"Install version {major} or newer (Debian and Ubuntu: sudo apt install postgresql-client-{major}).");
    }

    /// <summary>Gets the path of a program.</summary>
    public string Program(string name) => Path.Combine(Folder, name);

    private static List<PostgresBinaries> Installed(string[] programs, IReadOnlyList<string>? prefixes) =>
        [.. (prefixes ?? SearchFolders()).Select(folder => TryAt(folder, programs)).OfType<PostgresBinaries>()
            .OrderByDescending(b => b.Major)];

    private static IEnumerable<string> SearchFolders()
    {
        string[] parents = ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt",
            "/usr/pgsql", "/usr"];
        foreach (var parent in parents)
        {
            if (!Directory.Exists(parent))
            {
                continue;
            }

            foreach (var folder in Directory.EnumerateDirectories(parent))
            {
                var name = Path.GetFileName(folder);
                if (char.IsAsciiDigit(name[0]) || name.StartsWith("postgresql", StringComparison.Ordinal)
                    || name.StartsWith("pgsql", StringComparison.Ordinal))
                {
                    yield return Path.Combine(folder, "bin");
                }
            }
        }

        yield return "/usr/local/pgsql/bin";
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            yield return folder;
        }
    }

    // The major version is part of the folder name (Debian, Homebrew), or is reported by the program.
    private static PostgresBinaries? TryAt(string folder, string[] programs)
    {
        if (!programs.All(program => File.Exists(Path.Combine(folder, program))))
        {
            return null;
        }

        var name = Path.GetFileName(Path.GetDirectoryName(folder)) ?? "";
        var digits = new string([.. name.SkipWhile(c => !char.IsAsciiDigit(c)).TakeWhile(char.IsAsciiDigit)]);
        if (int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            return new(folder, version);
        }

        return PostgresProgram.VersionOf(Path.Combine(folder, programs[0])) is { } reported ? new(folder, reported) : null;
    }
}
