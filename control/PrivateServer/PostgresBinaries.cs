using System.Globalization;

namespace Broadcast.Control.PrivateServer;

/// <summary>An installed PostgreSQL server: where its programs lie and which major version they are.</summary>
internal sealed record PostgresBinaries(string Folder, int Major)
{
    private const string Install = "Install it (Debian and Ubuntu: sudo apt install postgresql), or set Database:ConnectionString to a server of your own.";

    private static readonly string[] Server = ["initdb", "pg_ctl", "postgres"];
    private static readonly string[] Client = ["pg_dump", "pg_restore", "psql"];

    public string InitDb => Path.Combine(Folder, "initdb");

    public string PgCtl => Path.Combine(Folder, "pg_ctl");

    /// <summary>The newest installed server, or the one that an existing cluster needs: PostgreSQL never opens another major version's files.</summary>
    /// <param name="major">The existing cluster's major version; <see langword="null"/> before there is one.</param>
    /// <param name="prefixes">File system roots to look under, for tests; the machine's own when <see langword="null"/>.</param>
    /// <exception cref="ControlException">None fits; the message says what to install.</exception>
    public static PostgresBinaries Find(int? major, IReadOnlyList<string>? prefixes = null)
    {
        var found = Installed(Server, prefixes);
        if (found.Count == 0)
        {
            throw new ControlException(ControlCode.Broken, $"No PostgreSQL server is installed. {Install}");
        }

        if (major is null)
        {
            return found[0];
        }

        return found.Find(b => b.Major == major) ?? throw new ControlException(
            ControlCode.Broken,
            $"The database in the data folder was made by PostgreSQL {major}, and installed is only {string.Join(", ", found.Select(b => b.Major).Distinct())}. "
            + $"Install the server of version {major} (Debian and Ubuntu: sudo apt install postgresql-{major}), or move the data with pg_upgrade.");
    }

    /// <summary>The newest installed programs that speak with a server of some major version: dumping needs at least its version.</summary>
    /// <param name="major">The server's major version.</param>
    /// <param name="prefixes">As with <see cref="Find"/>.</param>
    /// <exception cref="ControlException">None fits; the message says what to install.</exception>
    public static PostgresBinaries FindClient(int major, IReadOnlyList<string>? prefixes = null)
    {
        var found = Installed(Client, prefixes);
        return found.Count > 0 && found[0].Major >= major ? found[0] : throw new ControlException(
            ControlCode.Broken,
            found.Count == 0
                ? $"pg_dump, pg_restore and psql are not installed. Install them (Debian and Ubuntu: sudo apt install postgresql-client-{major}, or postgresql-client)."
                : $"The database's server is PostgreSQL {major}, and the newest pg_dump here is of version {found[0].Major}. Install that of version {major} or newer (Debian and Ubuntu: sudo apt install postgresql-client-{major}).");
    }

    /// <summary>Where one of the programs is.</summary>
    public string Program(string name) => Path.Combine(Folder, name);

    private static List<PostgresBinaries> Installed(string[] programs, IReadOnlyList<string>? prefixes) =>
        [.. (prefixes ?? Places()).Select(folder => TryAt(folder, programs)).OfType<PostgresBinaries>().OrderByDescending(b => b.Major)];

    private static IEnumerable<string> Places()
    {
        string[] parents = ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr/pgsql", "/usr"];
        foreach (var parent in parents)
        {
            if (!Directory.Exists(parent))
            {
                continue;
            }

            foreach (var folder in Directory.EnumerateDirectories(parent))
            {
                var name = Path.GetFileName(folder);
                if (char.IsAsciiDigit(name[0]) || name.StartsWith("postgresql", StringComparison.Ordinal) || name.StartsWith("pgsql", StringComparison.Ordinal))
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

    // The major version stands in the folder's name (Debian, Homebrew), else in the catalog beside the programs.
    private static PostgresBinaries? TryAt(string folder, string[] needed)
    {
        if (!needed.All(program => File.Exists(Path.Combine(folder, program))))
        {
            return null;
        }

        var name = Path.GetFileName(Path.GetDirectoryName(folder)) ?? "";
        var digits = new string([.. name.SkipWhile(c => !char.IsAsciiDigit(c)).TakeWhile(char.IsAsciiDigit)]);
        if (int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            return new(folder, version);
        }

        return Command.VersionOf(Path.Combine(folder, needed[0])) is { } asked ? new(folder, asked) : null;
    }
}
