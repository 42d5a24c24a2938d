using System.Data;
using Dapper;

namespace Broadcast.Database;

/// <summary>Dapper type handlers for the database.</summary>
internal static class DapperTypeHandlers
{
    private static readonly Lazy<bool> Registered = new(() =>
    {
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
        SqlMapper.AddTypeHandler(new DateTimeOffsetHandler());
        return true;
    });

    /// <summary>Registers the handlers once per process.</summary>
    public static void Register() => _ = Registered.Value;

    // timestamptz is a point in time; Npgsql reads and writes it as a UTC DateTime.
    private sealed class DateTimeOffsetHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) =>
            value is DateTimeOffset offset ? offset : new(DateTime.SpecifyKind((DateTime)value, DateTimeKind.Utc));

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value.UtcDateTime;
    }
}
