using System.Data;
using Dapper;

namespace Broadcast.Control;

/// <summary>How .NET's types stand in the database.</summary>
internal static class Dialect
{
    private static readonly Lazy<bool> Registered = new(() =>
    {
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
        SqlMapper.AddTypeHandler(new Instant());
        return true;
    });

    /// <summary>Tells Dapper, once a process.</summary>
    public static void Register() => _ = Registered.Value;

    // timestamptz is an instant; Npgsql hands it out and takes it as a UTC DateTime.
    private sealed class Instant : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) => value is DateTimeOffset already ? already : new(DateTime.SpecifyKind((DateTime)value, DateTimeKind.Utc));

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value.UtcDateTime;
    }
}
